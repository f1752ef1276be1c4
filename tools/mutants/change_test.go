//go:build unix

package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Each case is a body of a function of x = 7 and y = 2, and what it gives: with no
// mutant on, then with each.
func TestEachMutant(t *testing.T) {
	cases := []struct {
		body string
		want []string
	}{
		{"return x + y", []string{"9", "ARITHMETIC_BASE 5"}},
		{"return x - y", []string{"5", "ARITHMETIC_BASE 9"}},
		{"return x * y", []string{"14", "ARITHMETIC_BASE 3"}},
		{"return x / y", []string{"3", "ARITHMETIC_BASE 14"}},
		{"return x % y", []string{"1", "ARITHMETIC_BASE 14"}},
		{"return x + y * 2", []string{"11", "ARITHMETIC_BASE 3", "ARITHMETIC_BASE 8"}},
		{`return "a" + "b"`, []string{"ab"}},
		{"return -x", []string{"-7", "INVERT_NEGATIVES 7"}},
		{"return x == y", []string{"false", "CONDITIONALS_NEGATION true"}},
		{"return x != y", []string{"true", "CONDITIONALS_NEGATION false"}},
		{"return x < 7", []string{"false", "CONDITIONALS_NEGATION true", "CONDITIONALS_BOUNDARY true"}},
		{"return x <= 7", []string{"true", "CONDITIONALS_NEGATION false", "CONDITIONALS_BOUNDARY false"}},
		{"return x > 7", []string{"false", "CONDITIONALS_NEGATION true", "CONDITIONALS_BOUNDARY true"}},
		{"return x >= 7", []string{"true", "CONDITIONALS_NEGATION false", "CONDITIONALS_BOUNDARY false"}},
		{"return x >= 6", []string{"true", "CONDITIONALS_NEGATION false", "CONDITIONALS_BOUNDARY true"}},
		{"return x > 9 && y > 1", []string{"false", "INVERT_LOGICAL true", "CONDITIONALS_NEGATION true", "CONDITIONALS_BOUNDARY false", "CONDITIONALS_NEGATION false", "CONDITIONALS_BOUNDARY false"}},
		{"return y == 2 || x == 8", []string{"true", "INVERT_LOGICAL false", "CONDITIONALS_NEGATION false", "CONDITIONALS_NEGATION true"}},
		{"l := []int{1, 1}; return len(slices.Compact(l)) > 1", []string{"false", "CONDITIONALS_NEGATION true", "CONDITIONALS_BOUNDARY true"}},
		{"return x & 3", []string{"3", "INVERT_BITWISE 7"}},
		{"return x | 8", []string{"15", "INVERT_BITWISE 0"}},
		{"return x ^ 1", []string{"6", "INVERT_BITWISE 1"}},
		{"return x &^ 1", []string{"6", "INVERT_BITWISE 1"}},
		{"return x << 1", []string{"14", "INVERT_BITWISE 3"}},
		{"return x >> 1", []string{"3", "INVERT_BITWISE 14"}},
		{"x++; return x", []string{"8", "INCREMENT_DECREMENT 6"}},
		{"var b byte; b--; return b", []string{"255", "INCREMENT_DECREMENT 1"}},
		{"x += y; return x", []string{"9", "INVERT_ASSIGNMENTS 5", "REMOVE_SELF_ASSIGNMENTS 2"}},
		{"x %= 4; return x", []string{"3", "INVERT_ASSIGNMENTS 28", "REMOVE_SELF_ASSIGNMENTS 4"}},
		{"x |= 8; return x", []string{"15", "INVERT_BWASSIGN 0", "REMOVE_SELF_ASSIGNMENTS 8"}},
		{`s := "a"; s += "b"; return s`, []string{"ab", "REMOVE_SELF_ASSIGNMENTS b"}},
		{"for ; x < 10; x++ { if x < 5 { break } }; return x", []string{"10", "CONDITIONALS_NEGATION 7", "CONDITIONALS_BOUNDARY 11", "INCREMENT_DECREMENT 4", "CONDITIONALS_NEGATION 7", "CONDITIONALS_BOUNDARY 10", "INVERT_LOOPCTRL 10"}},
		{"for i := range 3 { if i == 1 { continue }; x += i }; return x", []string{"9", "CONDITIONALS_NEGATION 8", "INVERT_LOOPCTRL 7", "INVERT_ASSIGNMENTS 5", "REMOVE_SELF_ASSIGNMENTS 2"}},
		{"for { if x == 7 { return y }; break }; return 0", []string{"2", "CONDITIONALS_NEGATION 0", "INVERT_LOOPCTRL 2"}},
		{"for { switch x { case 7: return 1 }; continue }", []string{"1", "INVERT_LOOPCTRL 1"}},
		{"switch { case x > 6: return 1 }; return 2", []string{"1", "CONDITIONALS_NEGATION 2", "CONDITIONALS_BOUNDARY 1"}},
		{"const c = 1 + 1; return [c - 1]int{x}[0]", []string{"7"}},
		{"return time.Duration(x) * time.Second", []string{"7s", "ARITHMETIC_BASE 0s"}},
		{"var b byte = 200 + 50; return b", []string{"250", "ARITHMETIC_BASE 150"}},
		{"type own int; return own(x) + 1", []string{"8", "ARITHMETIC_BASE 6"}},
		{"return pick(func() bool { return x == 7 }) && y > 0", []string{"true", "INVERT_LOGICAL true", "CONDITIONALS_NEGATION false", "CONDITIONALS_NEGATION false", "CONDITIONALS_BOUNDARY true"}},
	}
	var bodies []string
	for _, c := range cases {
		bodies = append(bodies, c.body)
	}
	for i, got := range results(t, bodies) {
		if strings.Join(got, ", ") != strings.Join(cases[i].want, ", ") {
			t.Errorf("%s:\ngot  %q\nwant %q", bodies[i], got, cases[i].want)
		}
	}
}

// results builds a module with a function in each line, and returns what each gives
// without a mutant and with each of its own.
func results(t *testing.T, bodies []string) [][]string {
	root := t.TempDir()
	t.Chdir(root)
	source, tests := "package one; import (\"slices\"; \"time\"); var _, _ = time.Second, slices.Max[[]int]; func pick(f func() bool) bool { return f() }\n", "package one\n\nimport (\"fmt\"; \"testing\")\n"
	for i, body := range bodies {
		source += fmt.Sprintf("func f%d(x, y int) any { %s }\n", i, body)
		tests += fmt.Sprintf("func Test%d(t *testing.T) { fmt.Println(\"is\", f%[1]d(7, 2)) }\n", i)
	}
	write(t, root, "go.mod", "module example.com/one\n\ngo 1.25\n")
	write(t, root, "one.go", source)
	write(t, root, "one_test.go", tests)
	listed, err := list(t.Context(), ".")
	if err != nil {
		t.Fatal(err)
	}
	b, err := build(t.Context(), listed[0], t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	bench, err := newBench(b, 0)
	if err != nil {
		t.Fatal(err)
	}
	result := func(body, mutant int) string {
		out, _, _ := bench.run(t.Context(), mutant, cost{time.Minute, time.Minute}, only(fmt.Sprint("Test", body))...)
		got, _, _ := strings.Cut(strings.TrimPrefix(string(out), "is "), "\n")
		return got
	}
	got := make([][]string, len(bodies))
	for i := range bodies {
		got[i] = []string{result(i, 0)}
	}
	for _, m := range b.mutants {
		got[m.Line-2] = append(got[m.Line-2], m.Type+" "+result(m.Line-2, m.number))
	}
	return got
}
