package config

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// Getenv looks a variable up, as os.LookupEnv does.
type Getenv func(name string) (string, bool)

// Options makes a kong parser read the settings of an embedded Config from
// variables and from the YAML file that --config or AFARA_CONFIG names. args
// are the arguments that the parser will get: the file is read before them.
//
// Kong's own env tag is not used: there a file would win over a variable, and
// the process's environment could not be replaced in a test.
func Options(args []string, env Getenv) ([]kong.Option, error) {
	path := filePath(args, env)
	values, err := readFile(path)
	if err != nil {
		return nil, err
	}
	if err := values.checkNames(); err != nil {
		return nil, fmt.Errorf("settings file %s: %w", path, err)
	}
	return []kong.Option{
		kong.Resolvers(resolver(values, env)),
		kong.ValueFormatter(describe),
	}, nil
}

// resolver answers for settings only; other flags of a command have no var tag.
func resolver(values fileValues, env Getenv) kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		name := flag.Tag.Get("var")
		if name == "" {
			return nil, nil
		}
		if v, ok := env(name); ok {
			return v, nil
		}
		return values.get(flag.Name), nil
	})
}

// describe adds the variable's name to the help of a setting.
func describe(v *kong.Value) string {
	name := v.Tag.Get("var")
	if name == "" {
		return kong.DefaultHelpValueFormatter(v)
	}
	return strings.TrimSuffix(v.Help, ".") + " ($" + name + ")."
}

// filePath finds --config before kong has run; an unset one is no file.
func filePath(args []string, env Getenv) string {
	for i, arg := range args {
		if arg == "--" {
			break
		}
		if path, ok := strings.CutPrefix(arg, "--config="); ok {
			return path
		}
		if arg == "--config" && i+1 < len(args) {
			return args[i+1]
		}
	}
	path, _ := env("AFARA_CONFIG")
	return path
}
