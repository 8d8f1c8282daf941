package conformance

import (
	"context"
	"fmt"
	"slices"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// The check here looks at all that went before.
func declaredChecks() []check {
	return []check{
		{"errors.declared", "Every error that it answered is in the manifest's list, or is the SDK's own.", needsSettings, nil, errorsDeclared},
	}
}

func errorsDeclared(_ context.Context, b *bench, _ subject) error {
	if len(b.manifest.Errors) == 0 {
		return skip("the manifest lists no errors; with errors in it, its reference has a table of them")
	}
	known := slices.Concat(b.manifest.Errors, sdk.StandardErrors())
	b.mu.Lock()
	answers := b.answers
	b.mu.Unlock()
	for _, a := range answers {
		if a.failed == nil || declared(known, a.failed.GetCode(), className(a.failed.GetClass())) {
			continue
		}
		return wrong("only errors that are declared", fmt.Sprintf("from %s the error %s", a.what, worded(a.failed)),
			"Add the code, or the class to its classes, to errors in the manifest.")
	}
	return nil
}

func declared(known []schemas.ErrorCode, code, class string) bool {
	return slices.ContainsFunc(known, func(e schemas.ErrorCode) bool {
		return e.Code == code && slices.Contains(e.Classes, class)
	})
}
