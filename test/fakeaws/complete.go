package fakeaws

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/imagebuilder"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/kubectl-byoos/kubectl-byoos/test/legal"
)

// models are the SDK's types of the answers to the actions whose answers can be
// complete.
var models = map[string]reflect.Type{
	"ec2:DescribeImages":                   reflect.TypeFor[ec2.DescribeImagesOutput](),
	"ec2:DescribeRegions":                  reflect.TypeFor[ec2.DescribeRegionsOutput](),
	"imagebuilder:ListImagePipelines":      reflect.TypeFor[imagebuilder.ListImagePipelinesOutput](),
	"imagebuilder:ListImagePipelineImages": reflect.TypeFor[imagebuilder.ListImagePipelineImagesOutput](),
	"imagebuilder:ListImages":              reflect.TypeFor[imagebuilder.ListImagesOutput](),
	"imagebuilder:ListImageBuildVersions":  reflect.TypeFor[imagebuilder.ListImageBuildVersionsOutput](),
	"imagebuilder:GetImage":                reflect.TypeFor[imagebuilder.GetImageOutput](),
	"ssm:GetParameters":                    reflect.TypeFor[ssm.GetParametersOutput](),
}

// Shape is what the SDK's types say of the answer to an action (ec2:DescribeImages).
// AWS promises no field of an answer, so none is required.
func Shape(operation string) legal.Shape {
	var shape legal.Shape
	switch operation {
	case "ec2:DescribeImages":
		shape = legal.ShapeOf[ec2.DescribeImagesOutput](nameOf("ec2"))
	case "ec2:DescribeRegions":
		shape = legal.ShapeOf[ec2.DescribeRegionsOutput](nameOf("ec2"))
	case "imagebuilder:ListImagePipelines":
		shape = legal.ShapeOf[imagebuilder.ListImagePipelinesOutput](nameOf("imagebuilder"))
	case "imagebuilder:ListImagePipelineImages":
		shape = legal.ShapeOf[imagebuilder.ListImagePipelineImagesOutput](nameOf("imagebuilder"))
	case "imagebuilder:ListImages":
		shape = legal.ShapeOf[imagebuilder.ListImagesOutput](nameOf("imagebuilder"))
	case "imagebuilder:ListImageBuildVersions":
		shape = legal.ShapeOf[imagebuilder.ListImageBuildVersionsOutput](nameOf("imagebuilder"))
	case "imagebuilder:GetImage":
		shape = legal.ShapeOf[imagebuilder.GetImageOutput](nameOf("imagebuilder"))
	case "ssm:GetParameters":
		shape = legal.ShapeOf[ssm.GetParametersOutput](nameOf("ssm"))
	}
	for path, place := range shape {
		place.Required = false
		shape[path] = place
	}
	return shape
}

// nameOf returns how a service spells the fields of the SDK's types in its
// answers. TestCompleteAnswers holds it against the SDK's own decoders.
func nameOf(service string) func(reflect.StructField) string {
	odd := map[string]string{
		"Images": "imagesSet", "State": "imageState", "OwnerId": "imageOwnerId", "Public": "isPublic", "Tags": "tagSet",
		"BlockDeviceMappings": "blockDeviceMapping", "ImageWatermarks": "imageWatermarkSet", "ProductCodeId": "productCode", "ProductCodeType": "type",
		"SupportedInstanceTypes": "supportedInstanceTypeSet", "UnsupportedInstanceTypes": "unsupportedInstanceTypeSet",
		"Regions": "regionInfo", "Endpoint": "regionEndpoint", "Geography": "geographySet",
	}
	return func(f reflect.StructField) string {
		switch {
		case f.Name == "ResultMetadata":
			return "-"
		case service == "ssm":
			return f.Name
		case service == "ec2" && odd[f.Name] != "":
			return odd[f.Name]
		}
		return strings.ToLower(f.Name[:1]) + f.Name[1:]
	}
}

// unsaid are the fields that say something else of an image when they are there.
var unsaid = []string{"nextToken", "platform", "productCodes", "imageOwnerAlias", "containers", "errorMessage", "InvalidParameters", "nodevice", "noDevice"}

// Operation names what a request asks for: ec2:DescribeImages.
func Operation(r *http.Request) string {
	_, _, service, ok := scope(r.Header.Get("Authorization"))
	if !ok {
		return ""
	}
	switch service {
	case "ec2", "sts":
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return ""
		}
		return service + ":" + parseParams(string(body)).get("Action")
	case "imagebuilder":
		return service + ":" + strings.TrimPrefix(r.URL.Path, "/")
	}
	return service + ":" + strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonSSM.")
}

// Complete adds to the answers of a fake every field that the SDK knows, so that
// each can be left out.
func Complete(fake http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		operation := Operation(r)
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer := httptest.NewRecorder()
		fake.ServeHTTP(answer, r)
		text := answer.Body.Bytes()
		if model, known := models[operation]; known && answer.Code == http.StatusOK {
			if text, err = complete(operation, model, text); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
		}
		for key, values := range answer.Header() {
			if key != "Content-Length" {
				w.Header()[key] = values
			}
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(text)
	})
}

func complete(operation string, model reflect.Type, text []byte) ([]byte, error) {
	service, _, _ := strings.Cut(operation, ":")
	name := nameOf(service)
	if service == "ec2" {
		var root xmlNode
		if err := xml.Unmarshal(text, &root); err != nil {
			return nil, err
		}
		root.complete(model, name)
		return xml.Marshal(root)
	}
	var root any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&root); err != nil {
		return nil, err
	}
	return json.Marshal(completeJSON(root, model, name))
}

// xmlNode is an XML element.
type xmlNode struct {
	XMLName  xml.Name
	Text     string    `xml:",chardata"`
	Children []xmlNode `xml:",any"`
}

func (e *xmlNode) complete(t reflect.Type, name func(reflect.StructField) string) {
	switch t.Kind() {
	case reflect.Pointer:
		e.complete(t.Elem(), name)
	case reflect.Slice:
		if len(e.Children) == 0 {
			e.Children = []xmlNode{{XMLName: xml.Name{Local: "item"}}}
		}
		for i := range e.Children {
			e.Children[i].complete(t.Elem(), name)
		}
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			e.fill("2026-01-01T00:00:00.000Z")
			return
		}
		for f := range t.Fields() {
			child := name(f)
			if !f.IsExported() || child == "-" || slices.Contains(unsaid, child) {
				continue
			}
			e.child(child).complete(f.Type, name)
		}
	default:
		e.fill(sample(e.XMLName.Local, t))
	}
}

func (e *xmlNode) fill(text string) {
	if e.Text == "" {
		e.Text = text
	}
}

func (e *xmlNode) child(name string) *xmlNode {
	for i := range e.Children {
		if strings.EqualFold(e.Children[i].XMLName.Local, name) {
			return &e.Children[i]
		}
	}
	e.Children = append(e.Children, xmlNode{XMLName: xml.Name{Local: name}})
	return &e.Children[len(e.Children)-1]
}

func completeJSON(value any, t reflect.Type, name func(reflect.StructField) string) any {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		if value == nil {
			return farAway
		}
		return value
	case t.Kind() == reflect.Slice:
		list, _ := value.([]any)
		if len(list) == 0 {
			list = []any{nil}
		}
		for i := range list {
			list[i] = completeJSON(list[i], t.Elem(), name)
		}
		return list
	case t.Kind() == reflect.Struct:
		object, ok := value.(map[string]any)
		if !ok {
			object = map[string]any{}
		}
		for f := range t.Fields() {
			field := name(f)
			if f.IsExported() && field != "-" && !slices.Contains(unsaid, field) {
				object[field] = completeJSON(object[field], f.Type, name)
			}
		}
		return object
	case value != nil:
		return value
	case t.Kind() == reflect.Map:
		return map[string]any{}
	case t.Kind() == reflect.Bool:
		return true
	case t.Kind() != reflect.String:
		return 1
	}
	return sample("", t)
}

// farAway is 2100, in seconds: nothing is deprecated before.
const farAway = 4102444800

// sample is a value of a field that the fake has none for.
func sample(name string, t reflect.Type) string {
	switch {
	case name == "deprecationTime":
		return "2100-01-01T00:00:00.000Z"
	case name == "creationDate":
		return "2026-01-01T00:00:00.000Z"
	case t.Kind() == reflect.Bool:
		return "true"
	case t.Kind() != reflect.String:
		return "1"
	}
	values := reflect.New(t).Elem().MethodByName("Values")
	if !values.IsValid() {
		return "sample"
	}
	list := values.Call(nil)[0]
	for i := range list.Len() {
		if list.Index(i).String() == "AVAILABLE" { // not the first, PENDING
			return "AVAILABLE"
		}
	}
	return list.Index(0).String()
}
