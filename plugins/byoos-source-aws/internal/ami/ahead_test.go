package ami

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

// readerOf reads from a service that answers each page token with a body.
func readerOf(answer func(ctx context.Context, token string) (io.Reader, error)) Reader {
	client := ec2.New(ec2.Options{
		Region: "us-east-1", Retryer: aws.NopRetryer{}, Credentials: aws.AnonymousCredentials{},
		HTTPClient: doer(func(r *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			form, err := url.ParseQuery(string(body))
			if err != nil {
				return nil, err
			}
			page, err := answer(r.Context(), form.Get("NextToken"))
			if err != nil {
				return nil, err
			}
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(page)}, nil
		}),
	})
	return Reader{Client: client, Do: func(ctx context.Context, call func(context.Context) error) error { return call(ctx) }}
}

// list reads what answer says for each page token, and returns the ids and the
// tokens that were asked for.
func list(t *testing.T, answer func(token string) (string, error)) (ids, asked []string, err error) {
	t.Helper()
	tokens := make(chan string, 100)
	r := readerOf(func(_ context.Context, token string) (io.Reader, error) {
		tokens <- token
		text, err := answer(token)
		return strings.NewReader(text), err
	})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	err = r.List(ctx, ec2.DescribeImagesInput{}, func(page []types.Image) error {
		for i := range page {
			ids = append(ids, aws.ToString(page[i].ImageId))
		}
		return nil
	})
	close(tokens)
	for token := range tokens {
		asked = append(asked, token)
	}
	return ids, asked, err
}

func answerOf(id, rest string) string {
	return "<DescribeImagesResponse><imagesSet><item><imageId>" + id + "</imageId></item></imagesSet>" + rest + "</DescribeImagesResponse>"
}

func TestPagesInTheirOrderAndOnce(t *testing.T) {
	const last = 20
	ids, asked, err := list(t, func(token string) (string, error) {
		n := 0
		_, _ = fmt.Sscanf(token, "<%d>", &n)
		if n == last {
			return answerOf(fmt.Sprint(n), ""), nil
		}
		return answerOf(fmt.Sprint(n), fmt.Sprintf("<nextToken>&lt;%d&gt;</nextToken>", n+1)), nil
	})
	if err != nil || len(ids) != last+1 || len(asked) != last+1 || !slices.IsSortedFunc(ids, func(a, b string) int { return len(a) - len(b) }) {
		t.Errorf("%v, asked for %q, ids %q", err, asked, ids)
	}
}

// TestTheDecodedTokenDecides: what looks like a token in the text is not one.
func TestTheDecodedTokenDecides(t *testing.T) {
	pages := map[string]string{
		"":  answerOf("0", "<nextToken>1</nextToken><!-- <nextToken>lie</nextToken> -->"),
		"1": answerOf("1", "<nextToken>2</nextToken><!-- <nextToken>lie</nextToken> -->"),
		"2": answerOf("2", "<!-- <nextToken>lie</nextToken> -->"),
		// Pages that no page names go on for ever.
		"lie": answerOf("lie", "<nextToken>lie2</nextToken>"), "lie2": answerOf("lie2", "<nextToken>lie</nextToken>"),
	}
	ids, _, err := list(t, func(token string) (string, error) { return pages[token], nil })
	if err != nil || !slices.Equal(ids, []string{"0", "1", "2"}) {
		t.Errorf("%v, ids %q", err, ids)
	}
}

// TestAnswerCutAnywhere: half an answer is never taken for a whole one.
func TestAnswerCutAnywhere(t *testing.T) {
	whole := answerOf("0", "<nextToken>1</nextToken>")
	for n := 1; n < len(whole); n++ { // package session refuses an empty answer
		_, _, err := list(t, func(token string) (string, error) {
			if token == "1" {
				return answerOf("1", ""), nil
			}
			return whole[:n], nil
		})
		if err == nil {
			t.Fatalf("cut off after %d of %d bytes, and taken for whole", n, len(whole))
		}
	}
}

func TestAFailingPageEndsTheListing(t *testing.T) {
	ids, _, err := list(t, func(token string) (string, error) {
		if token == "1" {
			return "", fmt.Errorf("broken")
		}
		return answerOf("0", "<nextToken>1</nextToken>"), nil
	})
	if err == nil || !strings.Contains(err.Error(), "broken") || !slices.Equal(ids, []string{"0"}) {
		t.Errorf("%v, ids %q", err, ids)
	}
}

// TestATokenThatComesAgainEndsTheListing: with an error, as not all was read. Two pages
// may be asked for ahead by then.
func TestATokenThatComesAgainEndsTheListing(t *testing.T) {
	for name, next := range map[string]map[string]string{
		"the page's own": {"": "1", "1": "1"},
		"in a circle":    {"": "1", "1": "2", "2": "3", "3": "1"},
	} {
		t.Run(name, func(t *testing.T) {
			ids, asked, err := list(t, func(token string) (string, error) {
				return answerOf("of"+token, "<nextToken>"+next[token]+"</nextToken>"), nil
			})
			if err == nil || !strings.Contains(err.Error(), "page token a second time") || len(ids) != len(next) || len(asked) > len(next)+2 {
				t.Errorf("%v, asked for %q, ids %q", err, asked, ids)
			}
		})
	}
}
