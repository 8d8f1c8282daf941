package main

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/afara-dev/afara/plugins/echo/internal/registry"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// page is how many records one batch carries at most.
const page = 100

// Pull reads the registered documents in the order of their numbers. The cursor
// is the number of the last one, so nothing has to be acknowledged.
func (connector) Pull(ctx context.Context, in *sdk.Pull, emit func(sdk.Batch) error) error {
	client, err := clientOf(ctx, in.Connection)
	if err != nil {
		return err
	}
	after, err := position(in.Cursor)
	if err != nil {
		return err
	}
	for left := in.Limit; ; {
		size := page
		if in.Limit > 0 {
			size = min(page, left)
		}
		list, err := client.List(ctx, after, size)
		if err != nil {
			return err
		}
		batch, err := batchOf(list, after)
		if err != nil {
			return err
		}
		if err := emit(batch); err != nil {
			return err
		}
		left -= len(batch.Records)
		if batch.CaughtUp || in.Limit > 0 && left <= 0 {
			return nil
		}
		after = list.Documents[len(list.Documents)-1].Number
	}
}

func position(cursor []byte) (int64, error) {
	if len(cursor) == 0 {
		return 0, nil
	}
	after, err := strconv.ParseInt(string(cursor), 10, 64)
	if err != nil || after < 0 {
		return 0, sdk.Internalf("cursor_unreadable", "the cursor is no number; reset it to pull from the start")
	}
	return after, nil
}

func batchOf(list registry.List, after int64) (sdk.Batch, error) {
	remaining := list.Remaining
	batch := sdk.Batch{CaughtUp: remaining == 0 || len(list.Documents) == 0, Remaining: &remaining}
	for _, d := range list.Documents {
		body, err := json.Marshal(d)
		if err != nil {
			return sdk.Batch{}, sdk.Internalf("record_unwritable", "encode record %d: %w", d.Number, err)
		}
		batch.Records = append(batch.Records, sdk.Record{
			Key:      d.Reference,
			Document: schemas.Restore("", schemas.DigestOf(body), body),
		})
		after = d.Number
	}
	batch.Cursor = strconv.AppendInt(nil, after, 10)
	return batch, nil
}
