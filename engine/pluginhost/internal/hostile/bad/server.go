package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afara-dev/afara/engine/pluginhost/internal/hostile"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

type server struct {
	connectorpb.UnimplementedConnectorServer
	name string

	mu    sync.Mutex
	known map[string]*connectorpb.Connection // by id

	preparing atomic.Int64
}

// parameters are those of all operations.
type parameters struct {
	Text  string `json:"text"`
	Code  uint32 `json:"code"`
	Class int32  `json:"class"`
	Size  int    `json:"size"`

	ReferenceKey string `json:"referenceKey"`
	IssueDate    string `json:"issueDate"`
}

func (s *server) Describe(context.Context, *connectorpb.DescribeRequest) (*connectorpb.DescribeResponse, error) {
	switch s.name {
	case "icy":
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		select {} // the stop may take a moment
	case "liar":
		return &connectorpb.DescribeResponse{Manifest: hostile.Liar(s.name)}, nil
	}
	return &connectorpb.DescribeResponse{Manifest: hostile.Bad(s.name)}, nil
}

// learn answers the connection with its settings, or nil when they are needed.
func (s *server) learn(c *connectorpb.Connection) *connectorpb.Connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(c.GetSettings()) > 0 && s.name != "forgetful" {
		if s.known == nil {
			s.known = map[string]*connectorpb.Connection{}
		}
		s.known[c.GetId()] = c
	}
	if k := s.known[c.GetId()]; k != nil && k.GetVersion() == c.GetVersion() {
		return k
	}
	return nil
}

func (s *server) Check(_ context.Context, req *connectorpb.CheckRequest) (*connectorpb.CheckResponse, error) {
	c := s.learn(req.GetConnection())
	if c == nil {
		return &connectorpb.CheckResponse{ConnectionUnknown: true}, nil
	}
	if !bytes.Contains(c.GetSettings(), []byte("apiKey")) {
		return &connectorpb.CheckResponse{Error: &connectorpb.Error{
			Class: connectorpb.Class_CLASS_UNAUTHORIZED, Code: "no_key", Message: "no API key",
		}}, nil
	}
	return &connectorpb.CheckResponse{}, nil
}

func (s *server) Invoke(ctx context.Context, req *connectorpb.InvokeRequest) (*connectorpb.InvokeResponse, error) {
	c := s.learn(req.GetConnection())
	if c == nil {
		return &connectorpb.InvokeResponse{ConnectionUnknown: true}, nil
	}
	var in parameters
	if err := json.Unmarshal(req.GetParameters(), &in); err != nil {
		return nil, err
	}
	_, verb, _ := strings.Cut(req.GetOperation(), ".")
	switch verb, _ = strings.CutSuffix(verb, "_effect"); verb {
	case "log":
		fmt.Fprintln(os.Stderr, in.Text)
	case "print":
		fmt.Println(in.Text)
	case "stdout":
		return stdout(in)
	case "environ":
		return environ()
	case "huge":
		return result(`{"a":"` + strings.Repeat("x", in.Size) + `"}`)
	case "prepare":
		if s.name == hostile.Poisoned {
			return s.poisoned(ctx, in)
		}
		return result(`{"irn":"A-1-20260101","qrCodeData":"A"}`)
	case "wrong":
		return result(`{"irn":7,"surprise":true}`)
	case "slow", "quick":
		fmt.Fprintln(os.Stderr, "handler has begun")
		<-ctx.Done()
		fmt.Fprintln(os.Stderr, "handler was cut:", ctx.Err())
		return nil, status.FromContextError(ctx.Err()).Err()
	case "tardy": // as slow as the vendor of a real one
		select {
		case <-time.After(time.Duration(in.Size) * time.Millisecond):
		case <-ctx.Done():
		}
	case "lookup":
		return result(`{"result":"not_found"}`)
	case "validate", "sign":
		return result("{}")
	case "build":
		time.Sleep(time.Duration(in.Size) * time.Millisecond)
		return result(`{"build":"` + hostile.Build() + `"}`)
	case "deadline":
		return result(fmt.Sprintf(`{"micros":%d}`, req.GetDeadlineUnixMicros()))
	case "exit":
		os.Exit(7)
	case "child":
		return child()
	case "fences":
		return fences()
	case "eat", "fork":
		return devour(verb, in.Size)
	case "babble":
		go babble()
	case "status":
		return nil, status.Error(codes.Code(in.Code), in.Text)
	case "classed":
		return classed(in, c)
	case "leak":
		fmt.Fprintf(os.Stderr, "{\"@level\":\"info\",\"@message\":\"settings are %s\"}\n", strings.ReplaceAll(string(c.GetSettings()), `"`, `\"`))
		return classed(in, c)
	case "refresh":
		return &connectorpb.InvokeResponse{
			Outcome:          &connectorpb.InvokeResponse_Result{Result: []byte("{}")},
			CredentialUpdate: &connectorpb.CredentialUpdate{BasedOnVersion: c.GetVersion(), Credential: []byte(`{"token":"` + in.Text + `"}`)},
		}, nil
	case "panic":
		go panic("a goroutine of the connector panics")
		<-ctx.Done()
	case "state":
		r, err := result("{}")
		r.State = bytes.Repeat([]byte("s"), in.Size)
		return r, err
	case "empty":
		return &connectorpb.InvokeResponse{}, nil
	default:
		return result(string(req.GetParameters()))
	}
	return result("{}")
}

func result(body string) (*connectorpb.InvokeResponse, error) {
	return &connectorpb.InvokeResponse{Outcome: &connectorpb.InvokeResponse_Result{Result: []byte(body)}}, nil
}

// stdout writes one long line to the descriptor itself, past what go-plugin
// has replaced.
func stdout(in parameters) (*connectorpb.InvokeResponse, error) {
	line := append(bytes.Repeat([]byte("y"), in.Size), '\n')
	for len(line) > 0 {
		n, err := syscall.Write(1, line)
		if err != nil {
			return nil, err
		}
		line = line[n:]
	}
	return result("{}")
}

// environ answers what the process was born with.
func environ() (*connectorpb.InvokeResponse, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	stdin, err := os.Readlink("/proc/self/fd/0")
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(map[string]any{"environ": os.Environ(), "dir": dir, "stdin": stdin, "args": os.Args})
	if err != nil {
		return nil, err
	}
	return result(string(raw))
}

// child leaves behind a process that holds all it inherited, out of the group.
func child() (*connectorpb.InvokeResponse, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := &exec.Cmd{Path: self, Args: []string{self, "hold"}, Stderr: os.NewFile(2, "stderr"), Stdout: os.NewFile(1, "stdout"),
		SysProcAttr: &syscall.SysProcAttr{Setsid: true}}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return result(fmt.Sprintf(`{"pid":%d}`, cmd.Process.Pid))
}

func classed(in parameters, c *connectorpb.Connection) (*connectorpb.InvokeResponse, error) {
	return &connectorpb.InvokeResponse{Outcome: &connectorpb.InvokeResponse_Error{Error: &connectorpb.Error{
		Class: connectorpb.Class(in.Class), Code: "told_so", Message: in.Text,
		VendorText: "you sent " + string(c.GetSettings()), VendorAnswer: c.GetSettings(), RetryAfterMillis: 1500,
	}}}, nil
}
