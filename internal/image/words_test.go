package image_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
)

func day(d int) *time.Time {
	t := time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC)
	return &t
}

// says reads a statement: words for evidence, state, offer, age of the statement and
// facts. Source a speaks first in each pair, whatever its words are.
func says(source, words string) image.Image {
	img := image.Image{ID: "ami-1", Provider: "aws", Region: "us-east-1", Source: source}
	for word := range strings.FieldsSeq(words) {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "azure", "AWS":
			img.Provider = key
		case "asked":
			img.Evidence = image.Asked
		case "recorded":
			img.Evidence = image.Recorded
		case "available", "pending", "failed", "disabled", "gone", "unusable":
			img.State = image.State(key)
		case "because":
			img.StateReason = value
		case "withheld":
			img.Withheld = "not ours"
		case "older":
			img.ObservedAt = day(1)
		case "newer":
			img.ObservedAt = day(2)
		case "os":
			img.OS.Name, img.OS.Version, _ = strings.Cut(value, "/")
		case "arch":
			img.Architecture = value
		case "created":
			img.CreatedAt = day(len(value))
		case "owner":
			img.Owner = value
		case "by":
			img.NewestBy = image.NewestBy(value)
		case "id":
			img.ID = value
		case "region":
			img.Region = value
		case "spans":
			img.SpansRegions = true
		case "excluded":
			img.ExcludedFromLatest = true
		case "deprecated":
			img.DeprecatedAt = day(len(value))
		case "end":
			img.EndOfLifeAt = day(len(value))
		case "k8s":
			img.KubernetesVersion = value
		case "version":
			img.Version = value
		case "tag":
			img.Tags = map[string]string{"t": value}
		default:
			panic(word)
		}
	}
	return img
}

// shown writes what the table compares.
func shown(img *image.Image, merge image.Merge) string {
	words := []string{string(img.State)}
	if img.State == "" {
		words[0] = "unknown"
	}
	if img.StateReason != "" {
		words = append(words, "because="+img.StateReason)
	}
	if img.Withheld != "" {
		words = append(words, "withheld")
	}
	if img.OS != (image.OS{}) {
		words = append(words, "os="+img.OS.Name+"/"+img.OS.Version)
	}
	if img.Architecture != "" {
		words = append(words, "arch="+img.Architecture)
	}
	if img.CreatedAt != nil {
		words = append(words, fmt.Sprintf("created=%d", img.CreatedAt.Day()))
	}
	if img.Owner != "" {
		words = append(words, "owner="+img.Owner)
	}
	if img.NewestBy != "" {
		words = append(words, "by="+string(img.NewestBy))
	}
	if img.ExcludedFromLatest {
		words = append(words, "excluded")
	}
	if img.DeprecatedAt != nil {
		words = append(words, fmt.Sprintf("deprecated=%d", img.DeprecatedAt.Day()))
	}
	if img.EndOfLifeAt != nil {
		words = append(words, fmt.Sprintf("end=%d", img.EndOfLifeAt.Day()))
	}
	if img.KubernetesVersion != "" {
		words = append(words, "k8s="+img.KubernetesVersion)
	}
	if img.Version != "" {
		words = append(words, "version="+img.Version)
	}
	if tag, ok := img.Tags["t"]; ok {
		words = append(words, "tag="+tag)
	}
	if len(merge.Contradictions) > 0 {
		words = append(words, fmt.Sprintf("contradictions=%d", len(merge.Contradictions)))
	}
	return strings.Join(words, " ")
}
