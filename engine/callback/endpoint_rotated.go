package callback

import "github.com/afara-dev/afara/engine/domain"

// RotatedView is an endpoint after a rotation: with its new secret, this once.
type RotatedView struct {
	EndpointView
	// PreviousSecretUntil is until when the old secret signs too.
	PreviousSecretUntil *string `json:"previousSecretUntil"`
}

// Rotated is the view of an endpoint whose secret was just rotated.
func (e Endpoint) Rotated(secret string) RotatedView {
	return RotatedView{EndpointView: e.WithSecret(secret), PreviousSecretUntil: domain.FormatTime(e.previousUntil)}
}
