// Package config owns the settings of `afara serve`: one struct, read once from
// flags, variables and a YAML file, checked before anything starts. A flag wins
// over a variable, a variable over the file, the file over the default.
package config
