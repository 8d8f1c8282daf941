// Package webhook takes what vendors push. It owns the tables webhook_request,
// webhook_key and webhook_event: a request is stored sealed before anybody looks
// into it, the connector alone says whether it is the vendor's, and only what was
// verified is kept as events and makes anything due. Everything before that is a
// stranger's, and bounded: in rate, in number, in bytes and in time.
package webhook
