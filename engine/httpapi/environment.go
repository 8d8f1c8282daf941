package httpapi

import (
	"net/http"

	"github.com/afara-dev/afara/engine/domain"
)

// rotatedSecretView shows the environment's new signing secret, this once.
type rotatedSecretView struct {
	EnvironmentID domain.EnvironmentID `json:"environmentId"`
	Secret        string               `json:"secret"`
	// PreviousSecretUntil is until when the old secret signs too.
	PreviousSecretUntil string `json:"previousSecretUntil"`
}

// rotateEnvironment renews the secret that signs what goes to bare
// callback_urls. Webhooks have secrets of their own.
func (a *api) rotateEnvironment(w http.ResponseWriter, r *http.Request) error {
	var in rotateRequest
	if _, err := a.decode(r, bodyRotate, &in); err != nil {
		return err
	}
	env := principal(r).Environment.ID
	secret, err := a.cfg.Signing.RotateSigningSecret(r.Context(), env, in.overlap(), actor(r))
	if err != nil {
		return err
	}
	return answerData(w, http.StatusOK, rotatedSecretView{
		EnvironmentID: env, Secret: secret, PreviousSecretUntil: wire(a.cfg.Now().Add(in.overlap())),
	})
}
