package main

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/scaffold/acme/internal/vendor"
)

// page is how many records one batch carries at most.
const page = 100

// Pull reads the messages in the order of their numbers. The cursor is the
// number of the last one, so nothing has to be acknowledged to Acme.
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
		batch, last, err := batchOf(list, after)
		if err != nil {
			return err
		}
		if err := emit(batch); err != nil {
			return err
		}
		after, left = last, left-len(batch.Records)
		if batch.CaughtUp || in.Limit > 0 && left <= 0 {
			return nil
		}
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

// batchOf gives a batch and the number of its last message.
func batchOf(list vendor.List, after int64) (sdk.Batch, int64, error) {
	batch := sdk.Batch{CaughtUp: list.Remaining == 0 || len(list.Messages) == 0, Remaining: &list.Remaining}
	for _, m := range list.Messages {
		body, err := json.Marshal(m)
		if err != nil {
			return sdk.Batch{}, 0, sdk.Internalf("result_unwritable", "encode message %d: %w", m.Number, err)
		}
		batch.Records = append(batch.Records, sdk.Record{
			Key: m.Reference, OccurredAt: m.At, Document: schemas.Restore("", schemas.DigestOf(body), body),
		})
		after = m.Number
	}
	batch.Cursor = strconv.AppendInt(nil, after, 10)
	return batch, after, nil
}
