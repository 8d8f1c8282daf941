// Package httpapi is the engine's door for integrators and operators: routes,
// authentication, limits, and the one place where an error becomes a status.
// It owns openapi.yaml, which a test holds to what the routes really do, and
// keeps nothing: every answer comes from the services below it.
package httpapi
