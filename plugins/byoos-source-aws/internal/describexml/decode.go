// Package describexml decodes the answer of ec2:DescribeImages. The SDK decodes
// every field of an AMI with encoding/xml, which is two thirds of the time that a
// search takes; this decoder reads the fields that images are made of and skips
// the rest. docs/decisions/0064-aws-own-decoder.md
package describexml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/orisano/gosax"
)

const (
	bufferSize = 64 << 10
	maxDepth   = 64
	// maxShared bounds the table of values that many AMIs share.
	maxShared = 4096
)

// decoder reads one answer.
type decoder struct {
	reader *gosax.Reader
	text   []byte
	// shared holds values seen before: most AMIs have the same owner, states,
	// and tag keys.
	shared map[string]*string
	depth  int
}

// Page is one answer.
type Page struct {
	Images    []types.Image
	NextToken *string
}

// Decode reads an answer. One that breaks off is io.ErrUnexpectedEOF.
func Decode(body io.Reader) (*Page, error) {
	d := &decoder{reader: gosax.NewReaderSize(body, bufferSize), shared: map[string]*string{}}
	d.reader.EmitSelfClosingTag = true
	out := &Page{Images: []types.Image{}}
	root, err := d.root()
	if err != nil {
		return nil, err
	}
	if root != "DescribeImagesResponse" {
		return nil, fmt.Errorf("unexpected element %q", root)
	}
	err = d.children(func(name string) error {
		switch name {
		case "imagesSet":
			return d.items(func() error {
				out.Images = append(out.Images, types.Image{})
				return d.image(&out.Images[len(out.Images)-1])
			})
		case "nextToken":
			return d.value(&out.NextToken)
		}
		return d.skip()
	})
	return out, err
}

func (d *decoder) event() (gosax.Event, error) {
	e, err := d.reader.Event()
	if errors.Is(err, io.EOF) || err == nil && e.Type() == gosax.EventEOF {
		return e, io.ErrUnexpectedEOF
	}
	return e, err
}

// root returns the name of the outermost element.
func (d *decoder) root() (string, error) {
	for {
		e, err := d.event()
		if err != nil {
			return "", err
		}
		switch e.Type() {
		case gosax.EventStart:
			return elementName(e), nil
		case gosax.EventDocType:
			return "", errors.New("unexpected document type")
		}
	}
}

func elementName(e gosax.Event) string {
	name, _ := gosax.Name(e.Bytes)
	return string(name)
}

// children calls each for the elements within the current one, which it has to
// read to their end.
func (d *decoder) children(each func(name string) error) error {
	d.depth++
	defer func() { d.depth-- }()
	if d.depth > maxDepth {
		return errors.New("the elements are nested too deeply")
	}
	for {
		e, err := d.event()
		if err != nil {
			return err
		}
		switch e.Type() {
		case gosax.EventStart:
			if err := each(elementName(e)); err != nil {
				return err
			}
		case gosax.EventEnd:
			return nil
		}
	}
}

func (d *decoder) items(each func() error) error {
	return d.children(func(name string) error {
		if name == "item" {
			return each()
		}
		return d.skip()
	})
}

// skip reads the current element to its end.
func (d *decoder) skip() error {
	for open := 1; open > 0; {
		e, err := d.event()
		if err != nil {
			return err
		}
		switch e.Type() {
		case gosax.EventStart:
			open++
		case gosax.EventEnd:
			open--
		}
	}
	return nil
}

// value reads the text of the current element.
func (d *decoder) value(to **string) error {
	d.text = d.text[:0]
	for {
		e, err := d.event()
		if err != nil {
			return err
		}
		switch e.Type() {
		case gosax.EventText:
			d.text = append(d.text, e.Bytes...)
		case gosax.EventCData, gosax.EventStart:
			return errors.New("unexpected markup within a value")
		case gosax.EventEnd:
			*to, err = d.share()
			return err
		}
	}
}

// share returns the text as a string, one string for equal texts.
func (d *decoder) share() (*string, error) {
	if known, ok := d.shared[string(d.text)]; ok {
		return known, nil
	}
	key, value := string(d.text), string(d.text)
	if bytes.ContainsAny(d.text, "&\r") {
		if err := xml.Unmarshal([]byte("<v>"+value+"</v>"), &value); err != nil {
			return nil, err
		}
	}
	if len(d.shared) < maxShared {
		d.shared[key] = &value
	}
	return &value, nil
}

func (d *decoder) image(a *types.Image) error {
	return d.children(func(name string) error {
		if to := textField(a, name); to != nil {
			return d.value(to)
		}
		switch name {
		case "imageState":
			return enum(d, &a.State)
		case "architecture":
			return enum(d, &a.Architecture)
		case "platform":
			return enum(d, &a.Platform)
		case "bootMode":
			return enum(d, &a.BootMode)
		case "rootDeviceType":
			return enum(d, &a.RootDeviceType)
		case "virtualizationType":
			return enum(d, &a.VirtualizationType)
		case "tpmSupport":
			return enum(d, &a.TpmSupport)
		case "imdsSupport":
			return enum(d, &a.ImdsSupport)
		case "isPublic":
			return d.boolean(&a.Public)
		case "imageAllowed":
			return d.boolean(&a.ImageAllowed)
		case "stateReason":
			a.StateReason = &types.StateReason{}
			return d.stateReason(a.StateReason)
		case "tagSet":
			return d.tags(&a.Tags)
		}
		return d.skip()
	})
}

func textField(a *types.Image, name string) **string {
	switch name {
	case "imageId":
		return &a.ImageId
	case "imageOwnerId":
		return &a.OwnerId
	case "imageOwnerAlias":
		return &a.ImageOwnerAlias
	case "name":
		return &a.Name
	case "creationDate":
		return &a.CreationDate
	case "deprecationTime":
		return &a.DeprecationTime
	case "platformDetails":
		return &a.PlatformDetails
	case "sourceImageId":
		return &a.SourceImageId
	case "sourceImageRegion":
		return &a.SourceImageRegion
	}
	return nil
}

func enum[T ~string](d *decoder, to *T) error {
	var text *string
	if err := d.value(&text); err != nil {
		return err
	}
	*to = T(*text)
	return nil
}

func (d *decoder) boolean(to **bool) error {
	var text *string
	if err := d.value(&text); err != nil {
		return err
	}
	switch *text {
	case "true":
		*to = aws.Bool(true)
	case "false":
		*to = aws.Bool(false)
	default:
		return fmt.Errorf("%q is neither true nor false", *text)
	}
	return nil
}

func (d *decoder) stateReason(to *types.StateReason) error {
	return d.children(func(name string) error {
		switch name {
		case "code":
			return d.value(&to.Code)
		case "message":
			return d.value(&to.Message)
		}
		return d.skip()
	})
}

func (d *decoder) tags(to *[]types.Tag) error {
	*to = []types.Tag{}
	return d.items(func() error {
		var tag types.Tag
		err := d.children(func(name string) error {
			switch name {
			case "key":
				return d.value(&tag.Key)
			case "value":
				return d.value(&tag.Value)
			}
			return d.skip()
		})
		*to = append(*to, tag)
		return err
	})
}
