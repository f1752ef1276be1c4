package options

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
	"github.com/kubectl-byoos/kubectl-byoos/internal/userconfig"
)

// Variables that the tools of Palette's ecosystem read too, but for the project,
// which has none there.
const (
	hostVariable    = "SPECTROCLOUD_HOST"
	keyVariable     = "SPECTROCLOUD_APIKEY"
	retriesVariable = "SPECTROCLOUD_RETRY_ATTEMPTS"
	projectVariable = "SPECTROCLOUD_PROJECT"
)

const (
	// A key has some ten bytes, a token some thousand.
	maxKeyBytes = 64 << 10
	// All authorities that Mozilla trusts have some hundred kilobytes.
	maxCABytes     = 8 << 20
	defaultRetries = 4
	maxRetries     = 20
)

// Palette says which Palette is talked to, as whom, and for how long. A key is
// never the value of a flag: it would be in the list of processes.
type Palette struct {
	Host    string
	Project string
	// Tenant makes targets that name no project tenant-wide, whatever the environment
	// says.
	Tenant   bool
	KeyFile  string
	CAFile   string
	Timeout  time.Duration
	Parallel int
}

// AddFlags adds the flags.
func (p *Palette) AddFlags(flags *pflag.FlagSet) {
	flags.StringVar(&p.Host, "palette-host", "",
		"the Palette to talk to (default $"+hostVariable+", your configuration, the Palette CLI's login, "+palette.DefaultHost+")")
	p.AddScopeFlags(flags)
	flags.StringVar(&p.KeyFile, "palette-key-file", "", "read the API key, or a token, from this file; - for stdin (default $"+keyVariable+")")
	flags.StringVar(&p.CAFile, "palette-ca-file", "", "trust the PEM certificates of this file for Palette as well")
	flags.DurationVar(&p.Timeout, "palette-timeout", 10*time.Minute, "give up on Palette after this long")
	flags.IntVar(&p.Parallel, "parallel", 4, "work on so many profiles of a project at once")
}

// AddScopeFlags adds the flags that need no Palette.
func (p *Palette) AddScopeFlags(flags *pflag.FlagSet) {
	flags.StringVar(&p.Project, "project", "",
		"the project of targets that name none (default $"+projectVariable+", your configuration, the Palette CLI's login, tenant scope)")
	flags.BoolVar(&p.Tenant, "tenant", false, "targets that name no project are of the tenant, also when the environment names a project")
}

// Work is what diff and apply start from.
type Work struct {
	Client *palette.Client
	// Planned is what each pack wants of Palette, beside what is there.
	Planned []palette.Outcome
	// Spent is the time that the plans took.
	Spent time.Duration
	// Left is as in Rendered.
	Left error
}

// Plan plans what each pack named, or each of all, wants of Palette. The key is asked
// for last, so that what is wrong with the spec is told without it.
func (p *Palette) Plan(
	ctx context.Context, inv *invocation.Invocation, run *Run, lock *Lock, names []string, goal palette.Goal,
) (*Work, error) {
	access, err := interrupt.Run(ctx, func() (*paletteAccess, error) { return p.prepare(inv, run.Spec.File == "-") })
	if err != nil {
		return nil, err
	}
	rendered, err := run.Render(ctx, inv, lock, names)
	if err != nil {
		return nil, err
	}
	requests, err := paletteRequests(inv, rendered.Packs, len(names) > 0, access.place.scopes, goal)
	if err != nil {
		return nil, failure.Join(err, rendered.Left)
	}
	client, err := interrupt.Run(ctx, func() (*palette.Client, error) { return access.open(inv) })
	if err != nil {
		return nil, err
	}
	start := inv.Now()
	limited, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	planned := client.PlanAll(limited, requests, goal, p.Parallel)
	return &Work{Client: client, Planned: planned, Spent: inv.Now().Sub(start), Left: rendered.Left}, nil
}

// paletteAccess is what is known of a Palette before its key is read.
type paletteAccess struct {
	palette *Palette
	place   place
	config  userconfig.Palette
	// hasLogin tells that the Palette CLI is logged in somewhere.
	hasLogin bool
}

// prepare checks the flags and reads the user's configuration. It asks for no key,
// so that a spec can be refused without one. stdinTaken tells that the spec is read
// from stdin.
func (p *Palette) prepare(inv *invocation.Invocation, stdinTaken bool) (*paletteAccess, error) {
	if err := p.checkScope(); err != nil {
		return nil, err
	}
	switch {
	case p.Timeout <= 0 || p.Parallel < 1:
		return nil, failure.Usage("", "--palette-timeout and --parallel must be more than 0")
	case p.KeyFile == "-" && stdinTaken:
		return nil, failure.Usage("name a file for one of them", "the spec and the API key cannot both come from stdin")
	case p.KeyFile == "-" && inv.StdinTerminal:
		return nil, failure.Usage("pipe the key in, or set "+keyVariable,
			"--palette-key-file - would read the API key from a terminal, where it shows")
	}
	config, err := LoadUserConfig(inv)
	if err != nil {
		return nil, err
	}
	login := cliLogin(inv)
	place := p.place(inv, config.Palette, login)
	if place.host.from == nowhere && login.err != nil {
		return nil, login.err
	}
	return &paletteAccess{palette: p, place: place, config: config.Palette, hasLogin: login.found}, nil
}

// open reads the key and returns a client. It sends nothing.
func (a *paletteAccess) open(inv *invocation.Invocation) (*palette.Client, error) {
	secret, from, err := a.palette.secret(inv, a.hasLogin)
	if err != nil {
		return nil, err
	}
	authorities, err := a.palette.authorities(inv, a.config)
	if err != nil {
		return nil, err
	}
	retries, err := retries(inv)
	if err != nil {
		return nil, err
	}
	return palette.NewClient(palette.Config{
		Host: a.place.host.value, Secret: secret, CA: authorities, Retries: retries, UserAgent: "kubectl-byoos",
		Origin: a.place.origin(from),
	})
}

// secret returns the key, and where it is from.
func (p *Palette) secret(inv *invocation.Invocation, hasLogin bool) (secret palette.Secret, from string, err error) {
	named := input{what: "the API key", flag: "--palette-key-file", limit: maxKeyBytes}
	var data []byte
	switch p.KeyFile {
	case "":
		return p.secretOfVariable(inv, hasLogin)
	case "-":
		from = "stdin"
		data, err = named.read(inv.In)
	default:
		from = "the file of " + named.flag
		data, err = named.readFile(inv.Path(p.KeyFile))
	}
	if err == nil {
		secret, err = palette.NewSecret(string(data))
	}
	return secret, from, err
}

func (p *Palette) secretOfVariable(inv *invocation.Invocation, hasLogin bool) (secret palette.Secret, from string, err error) {
	key := inv.Getenv(keyVariable)
	if key == "" {
		next := "set " + keyVariable + ", or name a file with --palette-key-file"
		if hasLogin {
			next += "; the key of the Palette CLI's login is encrypted for that program alone"
		}
		return palette.Secret{}, "", failure.Usage(next, "there is no Palette API key")
	}
	secret, err = palette.NewSecret(key)
	return secret, keyVariable, err
}

// authorities returns the certificates to trust; nil for none. A file without one
// would be a setting without effect.
func (p *Palette) authorities(inv *invocation.Invocation, config userconfig.Palette) ([]byte, error) {
	path, name := p.CAFile, "--palette-ca-file"
	if path == "" {
		path, name = config.CAFile, "palette.caFile"
	}
	if path == "" {
		return nil, nil
	}
	named := input{what: "the certificates for Palette", flag: name, limit: maxCABytes}
	data, err := named.readFile(inv.Path(path))
	if err == nil && len(data) == 0 {
		err = failure.Usage("give a file of PEM certificates", "the file of %s is empty", name)
	}
	return data, err
}

func retries(inv *invocation.Invocation) (int, error) {
	text := inv.Getenv(retriesVariable)
	if text == "" {
		return defaultRetries, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > maxRetries {
		return 0, failure.Usage(fmt.Sprintf("set a number from 0 to %d", maxRetries), "%s=%q is no number of further attempts", retriesVariable, text)
	}
	return n, nil
}

// paletteRequests returns what each rendered pack wants of Palette. Packs without
// a target are passed over, but not when they were named.
func paletteRequests(
	inv *invocation.Invocation, rendered []pipeline.Rendered, named bool, scopes Scopes, goal palette.Goal,
) ([]palette.Request, error) {
	var requests []palette.Request
	var targets []spec.Target
	for _, r := range rendered {
		if r.Pick.Pack.Target == nil {
			if named {
				return nil, failure.Usage("add packs[].target with a profile", "pack %s has no target", r.Pick.Pack.Name)
			}
			fmt.Fprintf(inv.ErrOut, "note: pack %s has no target and is left out\n", r.Pick.Pack.Name)
			continue
		}
		t, err := PaletteTarget(r, scopes)
		if err != nil {
			return nil, err
		}
		requests, targets = append(requests, palette.Request{Target: t, Edit: editor(r, t)}), append(targets, *r.Pick.Pack.Target)
	}
	if len(requests) == 0 {
		return nil, failure.Usage("add packs[].target with a profile", "no pack has a target")
	}
	for _, note := range scopes.notes(targets) {
		fmt.Fprintln(inv.ErrOut, text.HarmlessLine("note: "+note))
	}
	return requests, palette.CheckRequests(requests, goal)
}

// PaletteTarget is where a rendered pack goes; without a target in the spec it
// says what the pack is, and no profile.
func PaletteTarget(r pipeline.Rendered, scopes Scopes) (palette.Target, error) {
	t := palette.Target{Name: r.Pick.Pack.Name, Pack: string(r.Pick.Pack.Pack)}
	if r.Pick.Image != nil {
		t.Provider = r.Pick.Image.Provider
	}
	target := r.Pick.Pack.Target
	if target == nil {
		return t, nil
	}
	t.Profile, t.Version, t.Type = target.Profile, target.Version, string(target.Type)
	t.Create, t.Replace, t.CloudType = target.Create, target.Replace, target.CloudType
	t.Registry, t.RegistryUID, t.PackVersion = target.Registry, target.RegistryUID, target.PackVersion
	var err error
	t.Scope, err = scopes.of(t.Name, *target)
	return t, err
}

func editor(r pipeline.Rendered, t palette.Target) palette.Editor {
	name := fmt.Sprintf("values of %s in profile %q", t.Pack, t.Profile)
	return func(existing []byte) ([]byte, error) {
		if len(existing) == 0 {
			return r.Values.Render(), nil
		}
		edited, _, err := r.Values.Edit(existing, name)
		return edited, err
	}
}

// AddGoalFlags adds the flags that diff and apply share: what is shown by the one is
// done by the other.
func AddGoalFlags(flags *pflag.FlagSet, goal *palette.Goal, newVersion string) {
	flags.StringVar(&goal.NewVersion, "new-version", "", newVersion)
	flags.BoolVar(&goal.IncludeDraft, "include-draft", false, "publish unpublished edits of others along")
}

// CheckNewVersion refuses what is no version of a profile; empty is none.
func CheckNewVersion(version string) error {
	if version != "" && !spec.IsProfileVersion(version) {
		return failure.Usage("write three numbers, as 1.3.0", "--new-version %q is not a version of a profile", version)
	}
	return nil
}
