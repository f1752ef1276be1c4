package ami

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// wire answers each page token with a body, and notes what was asked for.
type wire struct {
	answer func(ctx context.Context, token string) io.Reader
	mu     sync.Mutex
	asked  []string // in their order where one call is made at a time
}

func (w *wire) note(token string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, token)
}

func (w *wire) reader() Reader {
	return readerOf(func(ctx context.Context, token string) (io.Reader, error) {
		if err := ctx.Err(); err != nil { // as net/http has it
			return nil, err
		}
		w.note(token)
		return w.answer(ctx, token), nil
	})
}

func nothing([]types.Image) error { return nil }

// TestOnePageAhead: while a page is told of, the next is there and the one after it is
// asked for, and no more.
func TestOnePageAhead(t *testing.T) {
	for _, lie := range []string{"", "<!-- <nextToken>lie</nextToken> -->"} {
		synctest.Test(t, func(t *testing.T) {
			w := &wire{answer: func(_ context.Context, token string) io.Reader {
				n := 0
				_, _ = fmt.Sscanf(token, "<%d>", &n)
				if n == 9 {
					return strings.NewReader(answerOf("last", ""))
				}
				return strings.NewReader(answerOf(fmt.Sprint(n), fmt.Sprintf("<nextToken>&lt;%d&gt;</nextToken>%s", n+1, lie)))
			}}
			var told [][]string
			err := w.reader().List(t.Context(), ec2.DescribeImagesInput{}, func([]types.Image) error {
				synctest.Wait()
				w.mu.Lock()
				defer w.mu.Unlock()
				told = append(told, slices.Clone(w.asked))
				return nil
			})
			if err != nil || len(told) != 10 {
				t.Fatalf("%v, %d pages", err, len(told))
			}
			if lie == "" && (!slices.Equal(told[0], []string{"", "<1>", "<2>"}) || !slices.Equal(told[1], []string{"", "<1>", "<2>", "<3>"}) || len(w.asked) != 10) {
				t.Errorf("asked for %q with the first page, for %q with the second, for %q in all", told[0], told[1], w.asked)
			}
		})
	}
}

// TestAnAnswerThatBreaksOff fails with what broke it, and its token is not asked for.
func TestAnAnswerThatBreaksOff(t *testing.T) {
	whole := answerOf("0", "<nextToken>1</nextToken>")
	broken := errors.New("connection reset")
	for name, body := range map[string]func() io.Reader{
		"broken off": func() io.Reader {
			return io.MultiReader(strings.NewReader(whole[:len(whole)-5]), iotest.ErrReader(broken))
		},
		"cut off": func() io.Reader { return strings.NewReader(whole[:strings.Index(whole, "</nextToken>")]) },
	} {
		synctest.Test(t, func(t *testing.T) {
			w := &wire{}
			w.answer = func(context.Context, string) io.Reader { return body() }
			err := w.reader().List(t.Context(), ec2.DescribeImagesInput{}, nothing)
			if err == nil || name == "broken off" && !strings.Contains(err.Error(), broken.Error()) || !slices.Equal(w.asked, []string{""}) {
				t.Errorf("%s: %v, asked for %q", name, err, w.asked)
			}
		})
	}
}

// TestNothingRunsAfterwards: a listing that ends early has ended the calls ahead of it.
func TestNothingRunsAfterwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := false
		w := &wire{answer: func(ctx context.Context, token string) io.Reader {
			if token == "" {
				return strings.NewReader(answerOf("0", "<nextToken>1</nextToken>"))
			}
			<-ctx.Done()
			<-time.After(time.Second)
			ended = true
			return strings.NewReader("")
		}}
		err := w.reader().List(t.Context(), ec2.DescribeImagesInput{}, func([]types.Image) error {
			synctest.Wait()
			return io.ErrClosedPipe
		})
		if !errors.Is(err, io.ErrClosedPipe) || len(w.asked) != 2 || !ended {
			t.Errorf("%v, asked for %q, ended: %v", err, w.asked, ended)
		}
	})
}

// TestOverBeforeItsTurn: a page that waits for its turn fails when the whole is over.
func TestOverBeforeItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := &wire{answer: func(_ context.Context, token string) io.Reader {
			return strings.NewReader(answerOf("of"+token, "<nextToken>"+token+"x</nextToken>"))
		}}
		r := w.reader()
		first := true
		r.Do = func(ctx context.Context, call func(context.Context) error) error {
			mine := first
			first = false
			err := call(ctx)
			if mine {
				synctest.Wait()
				cancel()
			}
			return err
		}
		if err := r.List(ctx, ec2.DescribeImagesInput{}, nothing); !errors.Is(err, context.Canceled) || !slices.Equal(w.asked, []string{"", "x"}) {
			t.Errorf("%v, asked for %q", err, w.asked)
		}
	})
}

// TestAnAnswerIsReadToWhereItBreaksOff: what is behind a whole answer is no matter.
func TestAnAnswerIsReadToWhereItBreaksOff(t *testing.T) {
	w := &wire{answer: func(context.Context, string) io.Reader {
		return io.MultiReader(strings.NewReader(answerOf("0", "")), iotest.ErrReader(errors.New("connection reset")))
	}}
	pages := 0
	err := w.reader().List(t.Context(), ec2.DescribeImagesInput{}, func(page []types.Image) error { pages += len(page); return nil })
	if err != nil || pages != 1 {
		t.Errorf("%v, %d AMIs", err, pages)
	}
}
