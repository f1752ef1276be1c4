package sdk_test

import (
	"context"
	"fmt"
	"net/netip"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/sdktest"
)

type config struct {
	Count int      `json:"count,omitempty" jsonschema:"description=How many,default=2"`
	Share float64  `json:"share,omitempty"`
	On    bool     `json:"on,omitempty"`
	Names []string `json:"names,omitempty"`
	Deep  deep     `json:"deep,omitempty"`

	ByName   map[string]deep `json:"byName,omitempty"`
	ByNumber map[int]deep    `json:"byNumber,omitempty"`
	Grid     [][]deep        `json:"grid,omitempty"`
	Pointer  *deep           `json:"pointer,omitempty"`
	Gateway  *netip.Addr     `json:"gateway,omitempty"`
	Network  netip.Prefix    `json:"network,omitempty"`
}

type deep struct {
	Level int `json:"level,omitempty" jsonschema:"default=7"`
}

// shows answers with its configuration as an id.
type shows struct{}

func newShows() sdk.Source[config] { return shows{} }

func (shows) Describe() sdk.Info { return sdk.Info{Name: "test", Version: "1.0.0"} }

func (shows) Discover(_ context.Context, req sdk.DiscoverRequest[config], out *sdk.Stream) error {
	id := fmt.Sprintf("%v %v %v %v", req.Config.ByName, req.Config.ByNumber, req.Config.Grid, req.Config.Pointer)
	return out.Images(sdk.Image{ID: id, Provider: "aws"})
}

func TestConfigIsChecked(t *testing.T) {
	tests := map[string]struct {
		config any
		want   string
	}{
		"unknown key": {map[string]any{"moed": 1}, `unknown key "moed"`},
		"wrong type":  {map[string]any{"names": "a"}, "names must be a list, not string"},
		"fraction":    {map[string]any{"count": 1.5}, "count must be a whole number, not number 1.5"},
		"number":      {map[string]any{"share": "half"}, "share must be a number, not string"},
		"switch":      {map[string]any{"on": 1}, "on must be true or false, not number"},
		"mapping":     {map[string]any{"byName": []any{}}, "byName must be a mapping, not array"},
		"text":        {map[string]any{"names": []any{1}}, "names must be a string, not number"},
		"own text":    {map[string]any{"network": 5}, "network must be a string, not number"},
		"pointer":     {map[string]any{"gateway": 5}, "gateway must be a string, not number"},
		"nested":      {map[string]any{"deep": map[string]any{"level": true}}, "deep.level must be a whole number, not bool"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, diagnostics, err := sdktest.Discover(t.Context(), newShows, tt.config)
			if err != nil || len(diagnostics) != 1 || diagnostics[0].Detail != tt.want {
				t.Errorf("diagnostics %+v, error %v; want %q", diagnostics, err, tt.want)
			}
		})
	}
}

func TestDefaultsHoldInListsAndMaps(t *testing.T) {
	images, _, err := sdktest.Discover(t.Context(), newShows, map[string]any{
		"byName":   map[string]any{"a": map[string]any{}, "b": map[string]any{"level": 1}},
		"byNumber": map[string]any{"5": map[string]any{}}, "grid": []any{[]any{map[string]any{}, map[string]any{"level": 2}}},
	})
	if err != nil || len(images) != 1 || images[0].ID != "map[a:{7} b:{1}] map[5:{7}] [[{7} {2}]] <nil>" {
		t.Errorf("%+v %v", images, err)
	}
}
