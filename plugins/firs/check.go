package main

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/afara-dev/afara/sdk"
)

// Check proves the keys with a call that only reads, and that they belong to
// the connection's business where the answer tells. A connection that transmits
// also needs a webhook set up at the authority.
func (c *connector) Check(ctx context.Context, conn *sdk.Connection) error {
	s, err := c.open(ctx, conn)
	if err != nil {
		return err
	}
	data, err := s.client.Entity(ctx, s.settings.EntityID)
	if err != nil {
		return err
	}
	if err := s.checkBusiness(data); err != nil {
		return err
	}
	if s.settings.Transmits {
		return s.checkExchange(ctx)
	}
	return nil
}

// entity is what Check reads of one.
type entity struct {
	Businesses []struct {
		ID          string `json:"id"`
		IRNTemplate string `json:"irn_template"`
	} `json:"businesses"`
}

// checkBusiness compares the settings with the entity, when one was asked for.
func (s *session) checkBusiness(data json.RawMessage) error {
	var e entity
	if s.settings.EntityID == "" || json.Unmarshal(data, &e) != nil || len(e.Businesses) == 0 {
		return nil // an answer in another form proves the keys all the same
	}
	for _, b := range e.Businesses {
		if !strings.EqualFold(b.ID, s.settings.BusinessID) {
			continue
		}
		if b.IRNTemplate != "" && !strings.Contains(b.IRNTemplate, "-"+s.template.ServiceID()+"-") {
			return misconfigured("/serviceId", "other_service", "the tax authority issued another service id to this business",
				"Copy irn_template from the authority's portal.")
		}
		return nil
	}
	return misconfigured("/businessId", "other_business", "the entity has no such business",
		"Copy the business id of this entity from the authority's portal.")
}

func (s *session) checkExchange(ctx context.Context) error {
	err := s.client.SelfHealth(ctx)
	if ok, failure := understood(err); ok || failure != nil {
		return failure
	}
	return misconfigured("/transmits", "webhook_missing", "the tax authority says that this account cannot transmit: "+err.Error(),
		"Set up the webhook address in the authority's portal, or switch transmits off.")
}

func misconfigured(pointer, code, detail, fix string) error {
	e := sdk.Misconfiguredf(code, "%s", detail)
	e.Fields = []sdk.FieldError{{Pointer: pointer, Code: code, Detail: detail, Fix: fix}}
	return e
}
