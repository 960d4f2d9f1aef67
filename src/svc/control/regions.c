/* SPDX-License-Identifier: MIT */
/* regions.c — names of regions. All mean this server: scripts that were written for the cloud name one, and their client asks
 * first whether the type is there (CS-21). */
#include "svc/control/control_internal.h"

static const struct {
    const char *name, *display;
} regions[] = {
    {"local", "local"},
    {"eastus", "East US"},
    {"eastus2", "East US 2"},
    {"southcentralus", "South Central US"},
    {"westus", "West US"},
    {"westus2", "West US 2"},
    {"westus3", "West US 3"},
    {"centralus", "Central US"},
    {"northcentralus", "North Central US"},
    {"westcentralus", "West Central US"},
    {"canadacentral", "Canada Central"},
    {"canadaeast", "Canada East"},
    {"brazilsouth", "Brazil South"},
    {"mexicocentral", "Mexico Central"},
    {"chilecentral", "Chile Central"},
    {"northeurope", "North Europe"},
    {"westeurope", "West Europe"},
    {"uksouth", "UK South"},
    {"ukwest", "UK West"},
    {"francecentral", "France Central"},
    {"francesouth", "France South"},
    {"germanywestcentral", "Germany West Central"},
    {"germanynorth", "Germany North"},
    {"switzerlandnorth", "Switzerland North"},
    {"switzerlandwest", "Switzerland West"},
    {"norwayeast", "Norway East"},
    {"norwaywest", "Norway West"},
    {"swedencentral", "Sweden Central"},
    {"swedensouth", "Sweden South"},
    {"polandcentral", "Poland Central"},
    {"italynorth", "Italy North"},
    {"spaincentral", "Spain Central"},
    {"austriaeast", "Austria East"},
    {"belgiumcentral", "Belgium Central"},
    {"uaenorth", "UAE North"},
    {"uaecentral", "UAE Central"},
    {"qatarcentral", "Qatar Central"},
    {"israelcentral", "Israel Central"},
    {"southafricanorth", "South Africa North"},
    {"southafricawest", "South Africa West"},
    {"southeastasia", "Southeast Asia"},
    {"eastasia", "East Asia"},
    {"australiaeast", "Australia East"},
    {"australiasoutheast", "Australia Southeast"},
    {"australiacentral", "Australia Central"},
    {"newzealandnorth", "New Zealand North"},
    {"centralindia", "Central India"},
    {"southindia", "South India"},
    {"westindia", "West India"},
    {"jioindiawest", "Jio India West"},
    {"japaneast", "Japan East"},
    {"japanwest", "Japan West"},
    {"koreacentral", "Korea Central"},
    {"koreasouth", "Korea South"},
    {"indonesiacentral", "Indonesia Central"},
    {"malaysiawest", "Malaysia West"},
};

json_t *control_region_names(void)
{
    json_t *names = json_array();
    for (size_t i = 0; i < ARRAY_SIZE(regions); i++)
        (void)json_array_append_new(names, json_string(regions[i].display));
    return names;
}

json_t *control_regions(const char *subscription)
{
    json_t *all = json_array();
    for (size_t i = 0; i < ARRAY_SIZE(regions); i++)
        (void)json_array_append_new(
            all, json_pack("{s:s+++,s:s,s:s,s:s,s:s,s:{s:s,s:s}}", "id", "/subscriptions/", subscription,
                           "/locations/", regions[i].name, "name", regions[i].name, "type", "Region",
                           "displayName", regions[i].display, "regionalDisplayName", regions[i].display,
                           "metadata", "regionType", "Physical", "regionCategory", "Recommended"));
    return all;
}
