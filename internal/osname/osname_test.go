package osname_test

import (
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/osname"
)

func TestNormalize(t *testing.T) {
	for in, want := range map[[2]string][2]string{
		{"Red Hat Enterprise Linux", "8"}: {"rhel", "8"},
		{"Ubuntu", "2404"}:                {"ubuntu", "24.04"},
		{"ubuntu", "24.04 LTS"}:           {"ubuntu", "24.04"},
		{"flatcar", "stable-3815.2.0"}:    {"flatcar", "3815.2.0"},
		{"ubuntu", "22.04  LTS"}:          {"ubuntu", "22.04"},
		{"ubuntu", "22.04 (Jammy) LTS"}:   {"ubuntu", "22.04"},
		{"rhel", "2404"}:                  {"rhel", "2404"},
		{"My  Own OS", " 1 "}:             {"my-own-os", "1"},
		{"", ""}:                          {"", ""},
	} {
		name, version := osname.Normalize(in[0], in[1])
		if got := [2]string{name, version}; got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestKnown(t *testing.T) {
	if name, ok := osname.Known(" Amazon  LINUX"); name != "amazonlinux" || !ok {
		t.Errorf("got %q, %v", name, ok)
	}
	if name, ok := osname.Known("amazon river"); name != "" || ok {
		t.Errorf("got %q, %v", name, ok)
	}
}

func TestPartial(t *testing.T) {
	for _, test := range []struct {
		name, version string
		want          bool
	}{{"ubuntu", "24", true}, {"ubuntu", "24.04", false}, {"ubuntu", "", false}, {"ubuntu", "noble", false}, {"rhel", "8", false}, {"", "24", false}} {
		if got := osname.Partial(test.name, test.version); got != test.want {
			t.Errorf("%s %s: %v", test.name, test.version, got)
		}
	}
}
