package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	airtel "github.com/afara-dev/afara/plugins/airtel/simulator"
	echo "github.com/afara-dev/afara/plugins/echo/simulator"
	firs "github.com/afara-dev/afara/plugins/firs/simulator"
	moov "github.com/afara-dev/afara/plugins/moov/simulator"
	mtn "github.com/afara-dev/afara/plugins/mtn/simulator"
	orange "github.com/afara-dev/afara/plugins/orange/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
)

// drain is how long calls in flight may take to end at a stop.
const drain = 5 * time.Second

// serve listens until ctx ends, prints one line when it is ready, and returns
// once all has stopped.
func serve(ctx context.Context, f flags, out io.Writer, log *slog.Logger) error {
	vendors, err := open(f, log)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", f.Listen)
	if err != nil {
		return errors.Join(fmt.Errorf("listen: %w", err), vendors.close())
	}
	server := &http.Server{
		Handler:           vendors.handler(),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	_, err = fmt.Fprintf(out, "sandbox ready on http://%s (firs: /firs, echo: /echo, mtn: /mtn, orange: /orange, moov: /moov, airtel: /airtel, phones: /simnet/)\n", listener.Addr())
	if err == nil {
		select {
		case err = <-served:
		case <-ctx.Done():
		}
	}
	return errors.Join(err, stop(server, vendors))
}

// stop ends the stand-ins first: what hangs on purpose would not drain.
func stop(server *http.Server, vendors *vendors) error {
	err := vendors.close()
	ctx, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	if shutdown := server.Shutdown(ctx); shutdown != nil {
		return errors.Join(err, server.Close())
	}
	return err
}

// vendors are the stand-ins that one process serves.
type vendors struct {
	firs *firs.Simulator
	echo *echo.Simulator
	sims *simnet.Network // of all mobile-money operators

	mtn    *mtn.Simulator
	orange *orange.Simulator
	moov   *moov.Simulator
	airtel *airtel.Simulator
}

func open(f flags, log *slog.Logger) (*vendors, error) {
	keys, err := firs.OpenKeyFile(filepath.Join(f.Data, "firs", "businesses.json"))
	if err != nil {
		return nil, fmt.Errorf("firs: %w", err)
	}
	v := &vendors{
		firs: firs.New(firs.Options{Log: log.With("vendor", "firs"), Keys: keys}),
		echo: echo.New(echo.Options{}),
		sims: simnet.New(simnet.Options{Log: log.With("vendor", "simnet")}),
	}
	for operator, open := range map[string]func(secret []byte) error{
		"mtn": func(secret []byte) (err error) {
			v.mtn, err = mtn.New(mtn.Options{Network: v.sims, Secret: secret})
			return err
		},
		"orange": func(secret []byte) (err error) {
			v.orange, err = orange.New(orange.Options{Network: v.sims, Secret: secret})
			return err
		},
		"moov": func(secret []byte) (err error) {
			v.moov, err = moov.New(moov.Options{Network: v.sims, Secret: secret})
			return err
		},
		"airtel": func(secret []byte) (err error) {
			v.airtel, err = airtel.New(airtel.Options{Network: v.sims, Secret: secret})
			return err
		},
	} {
		secret, err := keptSecret(filepath.Join(f.Data, operator, "secret"))
		if err == nil {
			err = open(secret)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", operator, err), v.close())
		}
	}
	return v, nil
}

func (v *vendors) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/firs/", http.StripPrefix("/firs", v.firs))
	mux.Handle("/echo/", http.StripPrefix("/echo", v.echo))
	mux.Handle("/mtn/", http.StripPrefix("/mtn", v.mtn))
	mux.Handle("/orange/", http.StripPrefix("/orange", v.orange))
	mux.Handle("/moov/", http.StripPrefix("/moov", v.moov))
	mux.Handle("/airtel/", http.StripPrefix("/airtel", v.airtel))
	mux.Handle("/simnet/", http.StripPrefix("/simnet", v.sims.Handler()))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"status":"ok"}`) // the client is gone, nobody to tell
	})
	return mux
}

func (v *vendors) close() error { return errors.Join(v.firs.Close(), v.sims.Close()) }
