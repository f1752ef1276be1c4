package lint

import (
	"flag"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	yaml "go.yaml.in/yaml/v3"
)

var (
	pasteCount = flag.Int("pastes", 1000, "how many pasted texts are fixed")
	pasteSeed  = flag.Uint64("paste-seed", 1, "seed of the pasted texts")
)

// TestPastedText damages good values as a paste does. Either --fix brings back what was
// damaged, or there is an error or, where the text is YAML by accident, a warning.
func TestPastedText(t *testing.T) {
	good := []string{
		generic + "stages:\n  initramfs:\n    - name: x\n      commands:\n        - |\n          echo 'a' > /b\n          if [ -z \"$x\" ]; then\n            y\n          fi\n        - echo hi\n",
		clean + "      - image: docker.io/a/b:1\noptions:\n  system.uri: \"a.io/x:k3s-{{ .spectro.system.kubernetes.version }}-v4\" # t\n  system.osName: ubuntu\nstages:\n  boot:\n    - name: a\n      if: '[ -f /x ]'\n      files:\n        - path: /etc/x\n          content: |\n            a: b\n            c: d\n",
		generic + "  \"nested\":\n    deep: value # comment\n    list: [a, 'b', \"c\"]\n    map: {x: y}\n",
	}
	for i := range *pasteCount {
		seed := *pasteSeed + uint64(i)
		r := rand.New(rand.NewPCG(seed, 21))
		text := good[i%len(good)]
		damaged := paste(r, paste(r, text))
		fixed, findings := fixAll(t, Input{Name: "v.yaml", Data: []byte(damaged)})
		var want, got any
		if err := yaml.Unmarshal([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		err := yaml.Unmarshal([]byte(fixed), &got)
		if err == nil && reflect.DeepEqual(want, spacesOf(got)) || hasError(findings) {
			continue
		}
		if len(findings) == 0 {
			t.Errorf("seed %d: %v\n%q\nfixed:\n%q\n%v", seed, err, damaged, fixed, show(findings))
		}
	}
}

// paste damages a text in one way, or not at all.
func paste(r *rand.Rand, text string) string {
	each := func(n int, change func(line, body string, indent int) string) string {
		lines := strings.Split(text, "\n")
		for i, line := range lines {
			if body := strings.TrimLeft(line, " "); r.IntN(n) == 0 {
				lines[i] = change(line, body, len(line)-len(body))
			}
		}
		return strings.Join(lines, "\n")
	}
	spaces := func(n int) string {
		var out strings.Builder
		for _, c := range text {
			if c == ' ' && r.IntN(n) == 0 {
				c = '\u00a0'
			}
			out.WriteRune(c)
		}
		return out.String()
	}
	switch r.IntN(8) {
	case 0:
		return each(1+r.IntN(3), func(_, body string, indent int) string { return strings.Repeat("\u00a0", indent) + body })
	case 1:
		return spaces(1 + r.IntN(12))
	case 2:
		return spaces(100)
	case 3:
		return each(3, func(_, body string, indent int) string {
			return strings.Repeat("\t", indent/2) + strings.Repeat(" ", indent%2) + body
		})
	case 4:
		return each(4, func(_, body string, indent int) string {
			return strings.Repeat("\t", indent/4) + strings.Repeat(" ", indent%4) + body
		})
	case 5:
		return each(2, func(line, _ string, _ int) string {
			if strings.Count(line, `"`)+strings.Count(line, "'") != 2 || strings.Contains(line, "echo") || strings.Contains(line, "-z") {
				return line
			}
			for _, q := range [][3]string{{"'", "‘", "’"}, {`"`, "“", "”"}} {
				line = strings.Replace(strings.Replace(line, q[0], q[1], 1), q[0], q[2], 1)
			}
			return line
		})
	case 6:
		return each(1, func(line, _ string, _ int) string {
			if strings.Contains(line, ": '{{") {
				return strings.ReplaceAll(line, "'", "")
			}
			return line
		})
	}
	return text
}

// spacesOf has spaces in place of no-break ones and tabs, which may be left in text.
func spacesOf(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = spacesOf(v[k])
		}
	case []any:
		for i := range v {
			v[i] = spacesOf(v[i])
		}
	case string:
		return strings.NewReplacer("\u00a0", " ", "\t", "  ").Replace(v)
	}
	return v
}
