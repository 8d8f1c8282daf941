package config

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// Row describes one setting for documentation. Name is also its key in a file.
type Row struct {
	Name, Flag, Variable, Default, Help string
}

// Table lists every setting in the order of Config.
func Table() ([]Row, error) {
	parser, err := kong.New(&Config{}, kong.NoDefaultHelp())
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	var rows []Row
	for _, f := range parser.Model.Flags {
		rows = append(rows, Row{
			Name: f.Name, Flag: "--" + f.Name, Variable: f.Tag.Get("var"),
			Default: f.Default, Help: f.Help,
		})
	}
	return rows, nil
}

// Markdown renders Table for a README.
func Markdown() (string, error) {
	rows, err := Table()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("| flag | variable | default | meaning |\n| --- | --- | --- | --- |\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s |\n", r.Flag, r.Variable, code(r.Default), r.Help)
	}
	return b.String(), nil
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}
