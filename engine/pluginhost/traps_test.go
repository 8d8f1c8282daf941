package pluginhost_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestEveryTrapIsProvedByARealTest(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile(filepath.Join("..", "..", "docs", "decisions", "pluginhost-traps.md"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		tests.Write(raw)
	}
	rows := regexp.MustCompile(`(?m)^\| \d+ \|.*$`).FindAllString(string(table), -1)
	if len(rows) != 30 {
		t.Errorf("%d traps in the table, want 30", len(rows))
	}
	name := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`")
	for _, row := range rows {
		named := name.FindAllStringSubmatch(row, -1)
		if len(named) == 0 {
			t.Errorf("no test: %s", row)
		}
		for _, n := range named {
			if !strings.Contains(tests.String(), "func "+n[1]+"(") {
				t.Errorf("no test is called %s", n[1])
			}
		}
	}
}
