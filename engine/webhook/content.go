package webhook

import (
	"encoding/json"
	"fmt"

	"github.com/afara-dev/afara/engine/domain"
)

// placeOf binds what is sealed to its request.
func placeOf(id domain.WebhookID, part string) string {
	return "webhook_request/" + string(id) + "/" + part
}

func (s *Service) seal(id domain.WebhookID, part string, v any) (string, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("%s of webhook %s: %w", part, id, err)
	}
	sealed, err := s.cfg.Sealer.Seal(raw, placeOf(id, part))
	if err != nil {
		return "", fmt.Errorf("seal %s of webhook %s: %w", part, id, err)
	}
	return sealed, nil
}

func (s *Service) unseal(id domain.WebhookID, part, sealed string, v any) error {
	raw, err := s.cfg.Sealer.Open(sealed, placeOf(id, part))
	if err == nil {
		err = json.Unmarshal(raw, v)
	}
	if err != nil {
		return fmt.Errorf("open %s of webhook %s: %w", part, id, err)
	}
	return nil
}

func (s *Service) openReply(id domain.WebhookID, sealed string) (r domain.WebhookReply, err error) {
	err = s.unseal(id, "reply", sealed, &r)
	return r, err
}
