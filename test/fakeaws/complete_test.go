package fakeaws_test

import (
	"context"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/imagebuilder"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
)

// TestCompleteAnswers: the SDK's own decoders find a value for every field of
// their types, so each is spelled as the service spells it.
func TestCompleteAnswers(t *testing.T) {
	fake, err := fakeaws.New(judgedWorld(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(fakeaws.Complete(fake))
	t.Cleanup(server.Close)
	config := aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(server.URL), Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "secret"}, nil
	})}
	images, err := ec2.NewFromConfig(config).DescribeImages(t.Context(), &ec2.DescribeImagesInput{Owners: []string{"self"}})
	if err != nil {
		t.Fatal(err)
	}
	regions, err := ec2.NewFromConfig(config).DescribeRegions(t.Context(), &ec2.DescribeRegionsInput{})
	if err != nil {
		t.Fatal(err)
	}
	builder := imagebuilder.NewFromConfig(config)
	pipelines, err := builder.ListImagePipelines(t.Context(), &imagebuilder.ListImagePipelinesInput{})
	if err != nil {
		t.Fatal(err)
	}
	builds, err := builder.ListImagePipelineImages(t.Context(), &imagebuilder.ListImagePipelineImagesInput{ImagePipelineArn: pipelines.ImagePipelineList[0].Arn})
	if err != nil {
		t.Fatal(err)
	}
	versions, err := builder.ListImages(t.Context(), &imagebuilder.ListImagesInput{})
	if err != nil {
		t.Fatal(err)
	}
	build, err := builder.GetImage(t.Context(), &imagebuilder.GetImageInput{ImageBuildVersionArn: builds.ImageSummaryList[0].Arn})
	if err != nil {
		t.Fatal(err)
	}
	parameters, err := ssm.NewFromConfig(config).GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{"/aws/service/x/image_id"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, answer := range []any{images, regions, pipelines, builds, versions, build, parameters} {
		empty(t, reflect.TypeOf(answer).Elem().Name(), reflect.ValueOf(answer))
	}
}

// sometimes are fields that say something else of an image, or of the listing.
var sometimes = map[string]bool{
	"NextToken": true, "Platform": true, "ImageOwnerAlias": true, "Containers": true, "ErrorMessage": true, "InvalidParameters": true,
	"NoDevice": true, "ResultMetadata": true, "Tags": true, "ProductCodes": true,
}

func empty(t *testing.T, path string, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			t.Errorf("%s is not in the answer", path)
			return
		}
		empty(t, path, v.Elem())
	case reflect.Slice:
		if v.Len() == 0 {
			t.Errorf("%s is not in the answer", path)
			return
		}
		empty(t, path+"[]", v.Index(0))
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for f := range v.Type().Fields() {
			if f.IsExported() && !sometimes[f.Name] {
				empty(t, path+"."+f.Name, v.FieldByIndex(f.Index))
			}
		}
	case reflect.String:
		if v.Len() == 0 {
			t.Errorf("%s is not in the answer", path)
		}
	}
}
