package conformance

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/afara-dev/afara/sdk/connectorpb"
)

// The checks here look at all that went before, so they come last.
func secretsChecks() []check {
	return []check{
		{"secrets.answers", "No secret of a connection is in any answer, even when the vendor quotes the request.", needsVendor, nil, secretsAnswers},
		{"secrets.log", "No secret of a connection is in any line that the process writes.", needsSettings, nil, secretsLog},
		{"output.stdout", "Nothing but the handshake is on standard output.", needsProcess, nil, outputStdout},
		{"output.log", "The lines on standard error can be read as a log.", needsProcess, nil, outputLog},
	}
}

// forms are what a secret looks like in texts, by name.
func forms(secret string) map[string]string {
	quoted, _ := json.Marshal(secret) // of a text: cannot fail
	return map[string]string{
		"as it is": secret, "inside JSON": string(bytes.Trim(quoted, `"`)), "inside an address": url.QueryEscape(secret),
		"in base64": base64.StdEncoding.EncodeToString([]byte(secret)),
	}
}

// leak finds a secret in a text and names it without showing it.
func (b *bench) leak(text string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for secret := range b.secrets {
		for form, looks := range forms(secret) {
			if strings.Contains(text, looks) {
				return fmt.Sprintf("a secret of %d characters, %s", len(secret), form)
			}
		}
	}
	return ""
}

// provoke has the vendor quote what it was sent, in refusals of several kinds.
func (b *bench) provoke(ctx context.Context) error {
	for _, status := range []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusInternalServerError} {
		p, conn, _, err := b.ready(mirrors(status), nil)
		if err != nil {
			return err
		}
		b.check(ctx, p, conn)
		for i := range b.cases.Cases {
			f, err := b.fill(&b.cases.Cases[i], b.nextNumber())
			if err != nil {
				return err
			}
			b.invoke(ctx, p, conn, f, nil)
		}
		for _, s := range b.manifest.Streams {
			b.pull(ctx, p, &connectorpb.PullRequest{Connection: conn, Stream: s.Name})
		}
	}
	return nil
}

func secretsAnswers(ctx context.Context, b *bench, _ subject) error {
	if err := b.provoke(ctx); err != nil {
		return err
	}
	if len(b.secrets) == 0 {
		return skip("no setting of 8 characters or more is marked x-afara-secret")
	}
	b.mu.Lock()
	answers := b.answers
	b.mu.Unlock()
	for _, a := range answers {
		if leak := b.leak(a.text); leak != "" {
			return wrong("no secret in the errors of "+a.what, leak, "Mask the connection's secrets in message, vendor_text and vendor_answer; the SDK does, where the settings schema marks them.")
		}
	}
	return nil
}

// finish ends all processes, so that their last words are there.
func (b *bench) finish() {
	b.main = nil
	for _, p := range b.ended {
		p.run.signal(syscall.SIGTERM)
	}
	limit := time.Now().Add(endLimit) // for all of them together
	for _, p := range b.ended {
		if !p.run.endsWithin(time.Until(limit)) {
			p.run.signal(syscall.SIGKILL)
			p.run.endsWithin(endLimit)
		}
	}
}

func secretsLog(_ context.Context, b *bench, _ subject) error {
	b.finish()
	if len(b.secrets) == 0 {
		return skip("no setting of 8 characters or more is marked x-afara-secret")
	}
	for _, p := range b.ended {
		for name, text := range map[string]string{"standard error": p.run.stderr.String(), "standard output": p.run.stdout.String()} {
			if leak := b.leak(text); leak != "" {
				return wrong("no secret on "+name, leak, "Log no settings and no raw answers; the SDK's log masks what the settings schema marks as secret.")
			}
		}
	}
	return nil
}

func outputStdout(_ context.Context, b *bench, _ subject) error {
	b.finish()
	for _, p := range b.ended {
		if text := p.run.stdout.String(); text != "" {
			return wrong("nothing but the handshake on standard output", fmt.Sprintf("%q", shorten(b.masked(text))), "Log to standard error; the SDK turns what is printed into log lines.")
		}
	}
	return nil
}

// masked is a text that a report may quote.
func (b *bench) masked(text string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for secret := range b.secrets {
		for _, looks := range forms(secret) {
			text = strings.ReplaceAll(text, looks, "[secret]")
		}
	}
	return text
}

// maxLine is the longest line that every host reads.
const maxLine = 64 << 10

func outputLog(_ context.Context, b *bench, _ subject) error {
	b.finish()
	for _, p := range b.ended {
		for line := range strings.Lines(p.run.stderr.String()) {
			if fault := lineFault(line); fault != "" {
				return wrong("lines of text, or of JSON with @level and @message", fault+": "+shorten(b.masked(line)),
					"Write hclog's JSON, one line of less than 64 KiB each; a line whose @message is no text has crashed hosts.")
			}
		}
	}
	return nil
}

func lineFault(line string) string {
	if len(line) > maxLine {
		return "a line of more than 64 KiB"
	}
	if !strings.HasPrefix(line, "{") {
		return ""
	}
	var fields map[string]any
	if json.Unmarshal([]byte(line), &fields) != nil {
		return "a line that begins like JSON and is none"
	}
	for _, name := range []string{"@level", "@message", "@timestamp"} {
		if value, there := fields[name]; there {
			if _, isText := value.(string); !isText {
				return name + " is no text"
			}
		}
	}
	if _, there := fields["@message"]; !there {
		return "a line of JSON without @message"
	}
	return ""
}
