package palette

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"sigs.k8s.io/yaml"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// readBack reads what a write made. A reading may lag behind it, so one that shows
// what was there before is repeated for some seconds.
func (r *run) readBack(ctx context.Context, action Action, before snapshot) (after snapshot, err error) {
	for n := range readings {
		if n > 0 {
			if err := r.scope.wait(ctx, n); err != nil {
				return after, err
			}
		}
		after, err = r.snapshot(ctx)
		if err != nil && !isNotFound(err) || err == nil && (r.done(action, before, after) || !slices.Contains(r.past, after.fingerprint())) {
			return after, err
		}
	}
	return after, err
}

// wait pauses before something is read for the nth time again.
func (c *Client) wait(ctx context.Context, n int) error {
	if err := pause(ctx, c.doer.RetryWait<<(n-1)); err != nil {
		return c.doer.clean(ctx, err, false)
	}
	return nil
}

// settled reads again before a write. Manifests are read before the layers: where the
// profile's time of modification has moved, an edit may have come between the two.
// After a write of this run a reading that shows something else may lag behind it.
func (r *run) settled(ctx context.Context, before snapshot) (now snapshot, err error) {
	last := before
	for n := 1; n < readings; n++ {
		if now, err = r.snapshot(ctx); err != nil {
			return now, err
		}
		lags := len(r.report.Steps) > 0 && now.fingerprint() != before.fingerprint()
		if now.base.modified().Equal(last.base.modified()) && now.next.modified().Equal(last.next.modified()) && !lags {
			return now, nil
		}
		last = now
		if !lags {
			continue
		}
		if err := r.scope.wait(ctx, n); err != nil {
			return now, failed(fmt.Sprintf("cannot read %s again before the next request", r.Label()), err)
		}
	}
	return now, nil
}

// unread is the error for a write after which nothing could be read.
func (r *run) unread(action Action, writeErr, err error) error {
	what := fmt.Sprintf("palette took the request to %s of %s, but it cannot be read back", r.write(action).verb, r.Label())
	if writeErr != nil {
		what, err = r.unknown(action), writeErr
	}
	var known *failure.Error
	if errors.As(err, &known) {
		return &failure.Error{Code: known.Code, Summary: what, Err: err, Next: known.Next}
	}
	return failed(what, err)
}

func (r *run) unknown(action Action) string {
	return fmt.Sprintf("it is not known whether palette carried out the request to %s of %s", r.write(action).verb, r.Label())
}

// done tells whether what is read back is what the action should have made of
// what was there, and nothing else.
func (p *Plan) done(action Action, before, after snapshot) bool {
	was, is := before.profile(p.Goal), after.profile(p.Goal)
	switch {
	case is == nil:
		return false
	case action == ActionClone:
		return p.isOwnClone(is, before.base) && after.base.fingerprint() == before.base.fingerprint()
	case was != nil && (is.UID != was.UID || digest(is.Variables) != digest(was.Variables)):
		return false
	case action == ActionReplace && !maps.Equal(is.metadata.Labels, was.metadata.Labels):
		return false
	}
	return len(p.unexpected(action, before, after)) == 0
}

// unexpected names the layers that are not as an action should have left them. A
// service may keep our values in another form, with the same meaning.
func (p *Plan) unexpected(action Action, before, after snapshot) []string {
	working, published := p.leadsTo(action, before.profile(p.Goal))
	is := after.profile(p.Goal)
	names := slices.DeleteFunc(differing(is.working(), working), func(name string) bool {
		layer, ok := named(is.working(), name)
		return ok && name == p.Layer.Name && layer.samePack(p.Layer) && sameMeaning(layer.Values, p.Layer.Values)
	})
	for _, name := range differing(is.Published, published) {
		names = append(names, "published "+name)
	}
	if action == ActionPublish && p.hasDraft(is) {
		names = append(names, "draft")
	}
	return names
}

// leadsTo are the layers that an action leaves in the draft, and published.
func (p *Plan) leadsTo(action Action, was *Profile) (working, published []Layer) {
	if was == nil {
		return []Layer{p.Layer}, nil
	}
	if action == ActionPublish {
		return was.working(), was.working()
	}
	return p.put(was.working(), p.Layer), was.Published
}

// sameMeaning tells whether two texts are the same YAML document in whatever form.
func sameMeaning(a, b string) bool {
	asJSON, err := yaml.YAMLToJSONStrict([]byte(a))
	other, errOther := yaml.YAMLToJSONStrict([]byte(b))
	return err == nil && errOther == nil && bytes.Equal(asJSON, other)
}

// unseen is the error for a write that may have been carried out, and does not show
// as it should.
func (r *run) unseen(action Action, writeErr error, before, after snapshot) error {
	switch same := slices.Contains(r.past, after.fingerprint()); {
	case same && writeErr != nil:
		return failed(r.unknown(action)+"; what is read does not show it", writeErr)
	case same:
		return refused("run diff to see what it is now, then apply again",
			"palette took the request to %s of %s, and still answers what was there before: version %s (modified %s)",
			r.write(action).verb, r.Label(), after.fingerprint(), when(cmp.Or(after.profile(r.Goal), after.base)))
	}
	e := r.changed(before, after)
	if is := after.profile(r.Goal); is != nil && action != ActionClone {
		e.Details = nil
		for _, name := range r.unexpected(action, before, after) {
			e.Details = append(e.Details, name+" is not as it was left")
		}
	}
	if writeErr != nil {
		e.Details = append(e.Details, r.unknown(action)+": "+oneLine(writeErr.Error()))
		return e
	}
	e.Details = append(e.Details, fmt.Sprintf("palette took the request to %s", r.write(action).verb))
	return e
}

// changed is the error for a change by somebody else; it names both versions.
func (p *Plan) changed(before, after snapshot) *failure.Error {
	was, is := before.profile(p.Goal), after.profile(p.Goal)
	if was == nil && is == nil {
		was, is = before.base, after.base
	}
	e := refused("run diff to see what it is now, then apply again",
		"%s was changed by somebody else in between: version %s (modified %s) was read first, version %s (modified %s) is there now",
		p.Label(), before.fingerprint(), when(was), after.fingerprint(), when(is))
	if was == nil || is == nil {
		return e
	}
	if digest(was.Variables) != digest(is.Variables) {
		e.Details = append(e.Details, "the profile's variables are others than were read")
	}
	tell := func(what string, was, is []Layer) {
		for _, name := range differing(was, is) {
			e.Details = append(e.Details, what+name+" is another than was read")
		}
	}
	tell("layer ", was.working(), is.working())
	tell("published layer ", was.Published, is.Published)
	return e
}
