package main

import (
	"cmp"
	"context"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/arm"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/compute"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/resourceid"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// managed reads the managed images of a subscription or of one of its resource
// groups.
func (d *discovery) managed(ctx context.Context, subscription string) error {
	d.begin(1)
	where := "the managed images of subscription " + subscription + inGroup(d.ResourceGroup)
	found := false
	list := listingOf(subscription, d.ResourceGroup, "images")
	err := compute.ManagedImages(ctx, d.api, subscription, d.ResourceGroup, func(m compute.ManagedImage) error {
		id, known := managedID(&list, subscription, d.ResourceGroup, m)
		if !known || !matches(d.NamePattern, id.Name) || !hasTags(m.Tags, d.Tags) {
			return nil
		}
		found = true
		images := m.Images(id, d.opt)
		list.place(images)
		return d.out.Images(images...)
	})
	if told := list.tell(d.report, where); told != nil {
		return told
	}
	if !arm.NotFound(err) {
		d.places.has()
	}
	switch {
	case arm.NotFound(err) && len(d.subscriptions) > 1:
		d.places.lacks(d.managedKey(), "subscription "+subscription, "resource group "+d.ResourceGroup+notThere, checkName)
		err = nil
	case err != nil:
		err = d.tell(ctx, err, where, d.managedKey())
	case !found:
		err = d.report(sdk.Diagnostic{
			Severity: sdk.Warning, ConfigPath: d.managedKey(), Scope: "subscription " + subscription,
			Summary:  "no managed image matches" + inGroup(d.ResourceGroup),
			NextStep: "see what there is with: az image list --subscription " + subscription,
		})
	}
	return cmp.Or(err, d.finished(where))
}

// managedID returns the id of a managed image as Azure gives it, or else makes it
// up from what was asked for.
func managedID(list *listing, subscription, group string, m compute.ManagedImage) (id resourceid.ID, known bool) {
	name := list.name(m.ID, m.Name)
	if name == "" {
		return resourceid.ID{}, false
	}
	if id, err := resourceid.Parse(m.ID); err == nil && id.Kind == resourceid.ManagedImage {
		return id, true
	}
	if group == "" {
		list.nameless++
		return resourceid.ID{}, false
	}
	return resourceid.ID{Kind: resourceid.ManagedImage, Subscription: subscription, ResourceGroup: group, Name: name}, true
}

func (d *discovery) managedKey() string {
	if d.ResourceGroup != "" {
		return "resourceGroup"
	}
	return "subscription"
}

// hasTags says whether have has every tag of want. As in Azure, the case of a
// tag's name does not matter, that of its value does.
func hasTags(have, want map[string]string) bool {
	for key, value := range want {
		found := false
		for k, v := range have {
			found = found || strings.EqualFold(k, key) && v == value
		}
		if !found {
			return false
		}
	}
	return true
}
