package main

import (
	"context"
	"encoding/json"

	"github.com/afara-dev/afara/plugins/firs/internal/cfb"
	"github.com/afara-dev/afara/sdk"
)

// downloadInput and downloadOutput are those of firs.download.
type downloadInput struct {
	IRN string `json:"irn"`
}

type downloadOutput struct {
	// Invoice is as the authority keeps it.
	Invoice json.RawMessage `json:"invoice"`
}

// Operations serves what no standard operation covers.
func (c *connector) Operations() map[string]sdk.Handler {
	return map[string]sdk.Handler{"firs.download": sdk.Handle(c.download)}
}

// download reads a registered invoice back from the authority.
func (c *connector) download(ctx context.Context, call *sdk.Call, in downloadInput) (downloadOutput, error) {
	s, err := c.open(ctx, call.Connection)
	if err != nil {
		return downloadOutput{}, err
	}
	sealed, err := s.client.Download(ctx, in.IRN)
	if err != nil {
		return downloadOutput{}, err
	}
	plain, err := cfb.Decrypt(s.keys.DownloadKey(), sealed.IV, sealed.Data)
	if err != nil {
		return downloadOutput{}, sdk.Unavailablef("answer_unreadable", "open the downloaded invoice: %w", err)
	}
	// The cipher proves nothing; noise is the sign of another key.
	if !json.Valid(plain) {
		return downloadOutput{}, sdk.Misconfiguredf("download_key", "the downloaded invoice does not open with the key in certificate; check the crypto keys")
	}
	return downloadOutput{Invoice: plain}, nil
}
