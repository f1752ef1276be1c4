package session

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// notWanted are variables of the SDK that do not matter for reading images.
func notWanted() []string {
	return []string{
		"AWS_ENABLE_ENDPOINT_DISCOVERY", "AWS_S3_USE_ARN_REGION", "AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS",
		"AWS_S3_DISABLE_EXPRESS_SESSION_AUTH", "AWS_DISABLE_REQUEST_COMPRESSION", "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES",
		"AWS_REQUEST_CHECKSUM_CALCULATION", "AWS_RESPONSE_CHECKSUM_VALIDATION", "AWS_ACCOUNT_ID", "AWS_ACCOUNT_ID_ENDPOINT_MODE",
		"AWS_AUTH_SCHEME_PREFERENCE", "AWS_DEFAULTS_MODE", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME",
		"AWS_ENABLE_DEFAULT_SOCKET_TIMEOUT_2026", // callTimeout bounds every call
	}
}

// TestEnvironmentIsWhatTheSDKReads compares with the SDK's source, so that an
// upgrade which reads another variable is noticed.
func TestEnvironmentIsWhatTheSDKReads(t *testing.T) {
	read := map[string]bool{}
	for _, module := range []string{"config", "credentials", "feature/ec2/imds", ""} {
		path := "github.com/aws/aws-sdk-go-v2"
		if module != "" {
			path += "/" + module
		}
		dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", path).Output()
		if err != nil {
			t.Fatalf("go list -m %s: %v", path, err)
		}
		collect(t, strings.TrimSpace(string(dir)), read)
	}
	if len(read) < 30 {
		t.Fatalf("only %d variables found in the SDK's source", len(read))
	}
	known := append(Environment(), notWanted()...)
	for name := range read {
		if !slices.Contains(known, name) && name != "AWS_ENDPOINT_URL_" {
			t.Errorf("the SDK reads %s: declare it in Environment, or list it in notWanted", name)
		}
	}
	for _, name := range known {
		if !read[name] && !strings.HasPrefix(name, "AWS_ENDPOINT_URL_") {
			t.Errorf("the SDK does not read %s", name)
		}
	}
}

// collect adds the variables that the Go files of a module name.
func collect(t *testing.T, dir string, names map[string]bool) {
	t.Helper()
	form := regexp.MustCompile(`^AWS_[A-Z0-9_]+$`)
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != dir {
			if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil {
				return filepath.SkipDir
			}
			return nil
		}
		if entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil && form.MatchString(s) {
					names[s] = true
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestProfileNeedsPermission: a spec cannot choose among the user's logins, nor
// run the credential_process of one.
func TestProfileNeedsPermission(t *testing.T) {
	proof := filepath.Join(t.TempDir(), "executed")
	configured(t, "[profile evil]\nregion = us-east-1\ncredential_process = touch "+proof+"\n")
	t.Setenv("AWS_REGION", "")
	c := settings.Config{AMI: &settings.AMI{}, Profile: "evil"}

	_, err := testOpen(context.Background(), c, nil, nil)
	var d *sdk.Diagnostic
	if !errors.As(err, &d) || d.ConfigPath != "profile" || d.NextStep == "" || !strings.Contains(d.Detail, "run a program") {
		t.Fatalf("got %v", err)
	}
	if _, err := os.Stat(proof); err == nil {
		t.Fatal("the profile's program ran")
	}

	if s, err := testOpen(context.Background(), c, map[string]any{"profiles": []any{"other", "evil"}}, nil); err != nil || s.Region != "us-east-1" || s.AnyRegion != "us-east-1" {
		t.Errorf("by the user's settings: %v", err)
	}
	t.Setenv("AWS_PROFILE", "evil")
	if s, err := testOpen(context.Background(), c, nil, nil); err != nil || s.Region != "us-east-1" {
		t.Errorf("by AWS_PROFILE: %v", err)
	}
}

// testOpen opens a session that shares nothing.
func testOpen(ctx context.Context, c settings.Config, user map[string]any, log *slog.Logger) (*Session, error) {
	return (*Shared)(nil).Open(ctx, c, user, &sdk.Secrets{}, log)
}

func settingsOfAMI() settings.Config { return settings.Config{AMI: &settings.AMI{}} }
