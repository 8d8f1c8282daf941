package config

import (
	"fmt"
	"io"

	"github.com/alecthomas/kong"
)

// Load parses args alone as the settings of `afara serve` and checks them.
func Load(args []string, env Getenv) (*Config, error) {
	options, err := Options(args, env)
	if err != nil {
		return nil, err
	}
	var c Config
	parser, err := kong.New(&c, append(options, kong.Writers(io.Discard, io.Discard), kong.NoDefaultHelp())...)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	if _, err := parser.Parse(args); err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	return &c, nil
}
