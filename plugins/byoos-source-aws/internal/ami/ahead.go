package ami

import (
	"bytes"
	"context"
	"encoding/xml"
	"io"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// listing reads the pages of one DescribeImages. A page's token stands at its
// end, so it is known when the text is there; the page that follows is asked for
// while the SDK still decodes. docs/decisions/0064-aws-own-decoder.md
type listing struct {
	reader Reader
	input  ec2.DescribeImagesInput
	// places bounds the pages that are asked for and not yet taken: the one that
	// is waited for and the one after it.
	places chan struct{}
	group  sync.WaitGroup
}

func newListing(r Reader, input ec2.DescribeImagesInput) *listing {
	return &listing{reader: r, input: input, places: make(chan struct{}, 2)}
}

// page is one that has been asked for.
type page struct {
	token *string
	drop  context.CancelFunc // of the page and those after it
	ready chan struct{}
	taken chan struct{}

	// What follows is written before ready is closed.
	out  *ec2.DescribeImagesOutput
	err  error
	next *page
}

// ask asks for the page of a token in the background.
func (l *listing) ask(ctx context.Context, token *string) *page {
	ctx, drop := context.WithCancel(ctx)
	p := &page{token: token, drop: drop, ready: make(chan struct{}), taken: make(chan struct{})}
	l.group.Go(func() {
		select {
		case l.places <- struct{}{}:
			defer func() { <-l.places }()
			p.read(ctx, l)
		case <-ctx.Done():
			p.err = ctx.Err()
		}
		close(p.ready)
		select {
		case <-p.taken:
		case <-ctx.Done():
		}
	})
	return p
}

func (p *page) read(ctx context.Context, l *listing) {
	input := l.input
	input.NextToken = p.token
	p.err = l.reader.Do(ctx, func(call context.Context) (err error) {
		p.out, err = l.reader.Client.DescribeImages(call, &input, onToken(func(token string) {
			p.follow(ctx, l, token)
		}))
		return err
	})
}

// follow makes sure that the page after p is the one of token; "" is the end. An
// answer that cannot be decoded is asked for again, and may name another one.
func (p *page) follow(ctx context.Context, l *listing, token string) {
	if p.next != nil && aws.ToString(p.next.token) == token {
		return
	}
	if p.next != nil {
		p.next.drop()
		p.next = nil
	}
	if token != "" {
		p.next = l.ask(ctx, &token)
	}
}

// take waits for a page, and returns it and the one that follows it; nil is the
// end.
func (l *listing) take(ctx context.Context, p *page) (*ec2.DescribeImagesOutput, *page, error) {
	<-p.ready
	close(p.taken)
	if p.err != nil {
		return nil, nil, p.err
	}
	p.follow(ctx, l, aws.ToString(p.out.NextToken))
	return p.out, p.next, nil
}

// onToken calls found with the token of the next page as soon as an answer is
// there. It is a guess by the text; the SDK says what the token is.
func onToken(found func(string)) func(*ec2.Options) {
	watch := middleware.DeserializeMiddlewareFunc("byoosNextToken", func(
		ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
	) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		response, ok := out.RawResponse.(*smithyhttp.Response)
		if err != nil || !ok || response.Body == nil {
			return out, metadata, err
		}
		text, readErr := io.ReadAll(response.Body)
		response.Body = &received{bytes.NewReader(text), readErr, response.Body}
		if readErr == nil {
			found(nextToken(text))
		}
		return out, metadata, nil
	})
	return func(o *ec2.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Deserialize.Insert(watch, "OperationDeserializer", middleware.After)
		})
	}
}

// received is a body that was read, with the error that reading ended with.
type received struct {
	text *bytes.Reader
	err  error
	body io.Closer
}

// Read returns the text and then the error.
func (r *received) Read(p []byte) (int, error) {
	if r.text.Len() == 0 && r.err != nil {
		return 0, r.err
	}
	return r.text.Read(p)
}

// Close closes the connection's body.
func (r *received) Close() error { return r.body.Close() }

func nextToken(text []byte) string {
	begin := bytes.LastIndex(text, []byte("<nextToken>"))
	var token string
	if begin < 0 || xml.Unmarshal(text[begin:], &token) != nil {
		return ""
	}
	return token
}
