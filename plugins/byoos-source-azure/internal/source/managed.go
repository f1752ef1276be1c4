package source

import (
	"context"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/machineimage"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/resourceid"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// managed reads the managed images of a subscription or of one of its resource
// groups.
func (d *discovery) managed(ctx context.Context, subscription string) error {
	d.begin(1)
	where := "the managed images of subscription " + subscription + inGroup(d.ResourceGroup)
	found := 0
	err := d.api.ManagedImages(ctx, subscription, d.ResourceGroup, func(m *armcompute.Image) error {
		if m.ID == nil {
			return nil
		}
		id, err := resourceid.Parse(*m.ID)
		if err != nil || !matches(d.NamePattern, id.Name) || !hasTags(m.Tags, d.Tags) {
			return err
		}
		found++
		return d.out.Images(machineimage.FromManaged(id, m, d.opt))
	})
	if err != nil {
		if err := d.tell(ctx, err, where, d.managedKey()); err != nil {
			return err
		}
	} else if found == 0 {
		err := d.report(sdk.Diagnostic{
			Severity: sdk.Warning, ConfigPath: d.managedKey(), Scope: "subscription " + subscription,
			Summary:  "no managed image matches" + inGroup(d.ResourceGroup),
			NextStep: "see what there is with: az image list --subscription " + subscription,
		})
		if err != nil {
			return err
		}
	}
	return d.finished(where)
}

func (d *discovery) managedKey() string {
	if d.ResourceGroup != "" {
		return "resourceGroup"
	}
	return "subscription"
}

// hasTags says whether have has every tag of want. As in Azure, the case of a
// tag's name does not matter, that of its value does.
func hasTags(have map[string]*string, want map[string]string) bool {
	for key, value := range want {
		if !hasTag(have, key, value) {
			return false
		}
	}
	return true
}

func hasTag(have map[string]*string, key, value string) bool {
	for k, v := range have {
		if strings.EqualFold(k, key) && v != nil && *v == value {
			return true
		}
	}
	return false
}
