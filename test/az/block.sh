# The set-up block of the sample's README as it is printed there (github.com/torosent/aca-dts, commit 271654c, MIT licence), its
# typing error included: the blank in the last of the variables. az_block_test.py mends that, and names a person.
# Set variables
RESOURCE_GROUP=myResourceGroup
LOCATION=westus2
CONTAINER_APP_ENV=myContainerEnv
SESSION_POOL_NAME=mySessionPool
SCHEDULER_NAME=myDurableScheduler
TASKHUB_NAME=myTaskHub
ENTRAID_USERNAME =your entra id email 

# Create resource group
az group create --name $RESOURCE_GROUP --location $LOCATION

# Create Session Pool for code evaluation sessions
az containerapp sessionpool create \
  --name $SESSION_POOL_NAME \
  --resource-group $RESOURCE_GROUP \
  --location $LOCATION \
    --container-type PythonLTS \
    --max-sessions 100 \
    --cooldown-period 300 \
    --network-status EgressDisabled

az containerapp sessionpool show \
    --name $SESSION_POOL_NAME \
    --resource-group $RESOURCE_GROUP \
    --query 'properties.poolManagementEndpoint' -o tsv

# Store the session pool URL in a variable
SESSION_POOL_URL=$(az containerapp sessionpool show \
    --name $SESSION_POOL_NAME \
    --resource-group $RESOURCE_GROUP \
    --query 'properties.poolManagementEndpoint' -o tsv)

echo "Session Pool URL: $SESSION_POOL_URL"
    
# Create Durable Task Scheduler
az durabletask scheduler create \
  --name $SCHEDULER_NAME \
  --resource-group $RESOURCE_GROUP \
  --location $LOCATION

# Create Durable Task Scheduler Task Hub
az durabletask taskhub create \
 --resource-group $RESOURCE_GROUP \
 --scheduler-name $SCHEDULER_NAME \
 --name $TASKHUB_NAME

# Get the connection string for the Durable Task Scheduler
endpoint=$(az durabletask scheduler show \
 --resource-group $RESOURCE_GROUP \
 --name $SCHEDULER_NAME \
 --query 'properties.endpoint' -o tsv)

# Note that for managed identity the connection string will be different. e.g. Authentication=ManagedIdentity;ClientId=#########
DURABLE_TASK_SCHEDULER_CONNECTION_STRING="${endpoint};Authentication=DefaultAzure;TaskHub=${TASKHUB_NAME}"

DURABLE_TASK_SCHEDULER_RESOURCE_ID=$(az durabletask scheduler show \
 --resource-group $RESOURCE_GROUP \
 --name $SCHEDULER_NAME \
 --query 'id' -o tsv)


# Assign Durable Task Data Contributor role to the user
assignee=$(az ad user show --id "$ENTRAID_USERNAME" --query "id" --output tsv)
roleId="0ad04412-c4d5-4796-b79c-f76d14c8d402" # Durable Task Data Contributor
az role assignment create \
  --assignee "${assignee}" \
  --role "$roleId" \
  --scope $DURABLE_TASK_SCHEDULER_RESOURCE_ID


echo "Durable Task Scheduler Connection String: $DURABLE_TASK_SCHEDULER_CONNECTION_STRING"

# Print instructions for setting environment variables
echo ""
echo "Set the following environment variables in your development environment:"
echo "export SESSION_POOL_URL=\"$SESSION_POOL_URL\""
echo "export DURABLE_TASK_SCHEDULER_CONNECTION_STRING=\"$DURABLE_TASK_SCHEDULER_CONNECTION_STRING\""
