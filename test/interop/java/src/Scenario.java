// SPDX-License-Identifier: MIT

import com.google.protobuf.StringValue;
import com.microsoft.durabletask.*;
import com.microsoft.durabletask.implementation.protobuf.OrchestratorService.*;
import com.microsoft.durabletask.implementation.protobuf.TaskHubSidecarServiceGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.IntStream;

/**
 * The official Java SDK, unmodified, against a scheduler. Usage: Scenario ADDRESS [NAME...]; see ../../sdk_run.py.
 *
 * <p>Its worker runs orchestrators and activities one at a time on the thread that reads its stream, calls no Hello,
 * sends no limits and returns no completion tokens: what the server does to a stream that is not read shows here first.
 */
public final class Scenario {
    static final Duration PATIENCE = Duration.ofSeconds(90);
    static final Duration SHORT = Duration.ofMillis(50);

    interface Body {
        void run() throws Exception;
    }

    // --- orchestrations and activities ---

    static final Map<String, AtomicInteger> attempts = new ConcurrentHashMap<>();

    static TaskOptions retries() {
        return new TaskOptions(new RetryPolicy(3, SHORT).setBackoffCoefficient(2));
    }

    static Object flaky(TaskActivityContext context) {
        int n = attempts.computeIfAbsent(context.getInput(String.class), k -> new AtomicInteger()).incrementAndGet();
        if (n < 3) {
            throw new IllegalStateException("attempt " + n + " failed");
        }
        return n;
    }

    static Object hopeless(TaskActivityContext context) {
        throw new UnsupportedOperationException("never works", new IllegalArgumentException("the cause"));
    }

    static Object slow(TaskActivityContext context) {
        sleep(20);
        return context.getInput(Integer.class);
    }

    static void sequence(TaskOrchestrationContext context) {
        List<Integer> numbers = new ArrayList<>(List.of(context.getInput(Integer.class)));
        for (int i = 0; i < 5; i++) {
            numbers.add(context.callActivity("plusOne", numbers.get(i), Integer.class).await());
        }
        context.complete(numbers);
    }

    static void fanOut(TaskOrchestrationContext context, String activity) {
        List<Task<Integer>> tasks = new ArrayList<>();
        for (int i = 0; i < context.getInput(Integer.class); i++) {
            tasks.add(context.callActivity(activity, i, Integer.class));
        }
        context.complete(context.allOf(tasks).await().stream().mapToInt(Integer::intValue).sum());
    }

    static void sleeper(TaskOrchestrationContext context) {
        Instant before = context.getCurrentInstant();
        context.createTimer(Duration.ofMillis(context.getInput(Integer.class))).await();
        context.complete(Duration.between(before, context.getCurrentInstant()).toMillis());
    }

    static void approval(TaskOrchestrationContext context) {
        try {
            Duration patience = Duration.ofMillis(context.getInput(Integer.class));
            context.complete(context.waitForExternalEvent("Approval", patience, String.class).await());
        } catch (TaskCanceledException e) {
            context.complete("timed out");
        }
    }

    static void collect(TaskOrchestrationContext context) {
        List<Integer> items = new ArrayList<>();
        for (int i = 0; i < context.getInput(Integer.class); i++) {
            items.add(context.waitForExternalEvent("Item", Integer.class).await());
        }
        context.complete(items);
    }

    static void parent(TaskOrchestrationContext context) {
        List<Task<Integer>> tasks = new ArrayList<>();
        for (int i = 0; i < context.getInput(Integer.class); i++) {
            tasks.add(context.callSubOrchestrator("child", i, Integer.class));
        }
        context.complete(context.allOf(tasks).await().stream().mapToInt(Integer::intValue).sum());
    }

    static void child(TaskOrchestrationContext context) {
        context.complete(context.callActivity("plusOne", context.getInput(Integer.class), Integer.class).await());
    }

    static void parentOfBroken(TaskOrchestrationContext context) {
        try {
            context.callSubOrchestrator("broken", null, Void.class).await();
            context.complete("no failure");
        } catch (TaskFailedException e) {
            context.complete(e.getErrorDetails().getErrorType() + ": " + e.getErrorDetails().getErrorMessage());
        }
    }

    static void parentOfWaiter(TaskOrchestrationContext context) {
        try {
            context.callSubOrchestrator("waiter", null, context.getInstanceId() + "-child", Void.class).await();
            context.complete("no failure");
        } catch (TaskFailedException e) { // DT-089: the failure of a terminated child is read without a null check
            context.complete(e.getErrorDetails().getErrorType());
        }
    }

    static void counter(TaskOrchestrationContext context) {
        int n = context.getInput(Integer.class);
        context.createTimer(Duration.ZERO).await();
        if (n < 10) {
            context.continueAsNew(n + 1);
        }
        context.complete(n);
    }

    static void counterWithEvents(TaskOrchestrationContext context) {
        int seen = context.getInput(Integer.class);
        context.waitForExternalEvent("Item", Integer.class).await();
        if (seen < 4) {
            context.continueAsNew(seen + 1, true);
        }
        context.complete(seen + 1);
    }

    static void reporter(TaskOrchestrationContext context) {
        context.setCustomStatus("waiting");
        context.waitForExternalEvent("Go").await();
        context.clearCustomStatus();
        context.complete("reported");
    }

    static void thoughtful(TaskOrchestrationContext context) {
        sleep(1500);
        context.complete(42);
    }

    static void sender(TaskOrchestrationContext context) {
        context.sendEvent(context.getInput(String.class), "Item", 7);
        context.complete("sent");
    }

    static final Map<String, TaskOrchestration> ORCHESTRATIONS = new LinkedHashMap<>();
    static final Map<String, TaskActivity> ACTIVITIES = new LinkedHashMap<>();

    static {
        ORCHESTRATIONS.put("instant", c -> c.complete(c.getInput(Object.class)));
        ORCHESTRATIONS.put("sequence", Scenario::sequence);
        ORCHESTRATIONS.put("fanOut", c -> fanOut(c, "plusOne"));
        ORCHESTRATIONS.put("slowFanOut", c -> fanOut(c, "slow"));
        ORCHESTRATIONS.put("sleeper", Scenario::sleeper);
        ORCHESTRATIONS.put("approval", Scenario::approval);
        ORCHESTRATIONS.put("collect", Scenario::collect);
        ORCHESTRATIONS.put("parent", Scenario::parent);
        ORCHESTRATIONS.put("child", Scenario::child);
        ORCHESTRATIONS.put("broken", c -> { throw new IllegalStateException("the child broke"); });
        ORCHESTRATIONS.put("parentOfBroken", Scenario::parentOfBroken);
        ORCHESTRATIONS.put("waiter", c -> c.waitForExternalEvent("Never").await());
        ORCHESTRATIONS.put("parentOfWaiter", Scenario::parentOfWaiter);
        ORCHESTRATIONS.put("counter", Scenario::counter);
        ORCHESTRATIONS.put("counterWithEvents", Scenario::counterWithEvents);
        ORCHESTRATIONS.put("reporter", Scenario::reporter);
        ORCHESTRATIONS.put("thoughtful", Scenario::thoughtful);
        ORCHESTRATIONS.put("sender", Scenario::sender);
        ORCHESTRATIONS.put("retrying", c ->
            c.complete(c.callActivity("flaky", c.getInput(String.class), retries(), Integer.class).await()));
        ORCHESTRATIONS.put("retryingInVain", c -> c.callActivity("hopeless", null, retries()).await());
        ORCHESTRATIONS.put("retryingByHandler", c -> c.complete(c.callActivity("flaky", c.getInput(String.class),
            new TaskOptions((RetryContext r) -> r.getLastFailure().isCausedBy(IllegalStateException.class)
                && r.getLastAttemptNumber() < 5), Integer.class).await()));
        ORCHESTRATIONS.put("flakyChild", c ->
            c.complete(c.callActivity("flaky", c.getInput(String.class), Integer.class).await()));
        ORCHESTRATIONS.put("retryingChild", c -> c.complete(
            c.callSubOrchestrator("flakyChild", c.getInput(String.class), null, retries(), Integer.class).await()));
        ACTIVITIES.put("plusOne", c -> c.getInput(Integer.class) + 1);
        ACTIVITIES.put("flaky", Scenario::flaky);
        ACTIVITIES.put("hopeless", Scenario::hopeless);
        ACTIVITIES.put("slow", Scenario::slow);
    }

    static DurableTaskGrpcWorker worker(ManagedChannel channel) {
        DurableTaskGrpcWorkerBuilder builder = new DurableTaskGrpcWorkerBuilder().grpcChannel(channel);
        ORCHESTRATIONS.forEach((name, one) -> builder.addOrchestration(new TaskOrchestrationFactory() {
            public String getName() { return name; }
            public TaskOrchestration create() { return one; }
        }));
        ACTIVITIES.forEach((name, one) -> builder.addActivity(new TaskActivityFactory() {
            public String getName() { return name; }
            public TaskActivity create() { return one; }
        }));
        return builder.build();
    }

    // --- helpers ---

    static DurableTaskClient client;
    static TaskHubSidecarServiceGrpc.TaskHubSidecarServiceBlockingStub stub;

    static void sleep(long ms) {
        try {
            Thread.sleep(ms);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    static void check(boolean truth, Object what) {
        if (!truth) {
            throw new AssertionError(what);
        }
    }

    static void equal(Object got, Object want) {
        check(Objects.equals(got, want), "got " + got + ", want " + want);
    }

    static void refused(Status.Code code, String text, Callable<?> call) throws Exception {
        try {
            call.call();
        } catch (StatusRuntimeException e) {
            equal(e.getStatus().getCode(), code);
            check(String.valueOf(e.getStatus().getDescription()).contains(text), e);
            return;
        }
        throw new AssertionError("not refused");
    }

    static OrchestrationMetadata begun(String id) throws TimeoutException {
        return client.waitForInstanceStart(id, PATIENCE, true);
    }

    static OrchestrationMetadata await(String id) throws TimeoutException {
        return client.waitForInstanceCompletion(id, PATIENCE, true);
    }

    static OrchestrationMetadata state(String id) {
        return client.getInstanceMetadata(id, true);
    }

    static String start(String name, Object input) {
        return client.scheduleNewOrchestrationInstance(name, input);
    }

    static <T> void completes(String id, T output, Class<T> type) throws TimeoutException {
        OrchestrationMetadata got = await(id);
        check(got.getRuntimeStatus() == OrchestrationRuntimeStatus.COMPLETED, got);
        equal(got.readOutputAs(type), output);
        check(!raw(id).hasFailureDetails(), "a failure of a completed instance"); // this SDK makes one up
    }

    static void completesWith(String id, String json) throws TimeoutException {
        OrchestrationMetadata got = await(id);
        check(got.getRuntimeStatus() == OrchestrationRuntimeStatus.COMPLETED, got);
        equal(got.getSerializedOutput(), json);
    }

    static void becomes(String id, OrchestrationRuntimeStatus status) {
        Instant end = Instant.now().plus(PATIENCE);
        while (state(id).getRuntimeStatus() != status) {
            check(Instant.now().isBefore(end), id + " did not become " + status);
            sleep(20);
        }
    }

    static OrchestrationState raw(String id) {
        return stub.withDeadlineAfter(30, TimeUnit.SECONDS).getInstance(
            GetInstanceRequest.newBuilder().setInstanceId(id).setGetInputsAndOutputs(true).build())
            .getOrchestrationState();
    }

    static NewOrchestrationInstanceOptions options() {
        return new NewOrchestrationInstanceOptions();
    }

    // --- scenarios ---

    static final Map<String, Body> SCENARIOS = new LinkedHashMap<>();

    static {
        SCENARIOS.put("sequence", () -> completesWith(start("sequence", 1), "[1,2,3,4,5,6]"));
        SCENARIOS.put("fan-out", () -> completes(start("fanOut", 20), 210, Integer.class));
        SCENARIOS.put("timer", () -> {
            Instant began = Instant.now();
            OrchestrationMetadata got = await(start("sleeper", 1000));
            check(got.readOutputAs(Long.class) >= 1000, "the timer was early");
            check(Duration.between(began, Instant.now()).toMillis() >= 1000, "the timer was early");
        });
        SCENARIOS.put("event", () -> {
            String id = start("approval", 20000);
            begun(id);
            client.raiseEvent(id, "Approval", "yes");
            completes(id, "yes", String.class);
        });
        SCENARIOS.put("event times out", () -> completes(start("approval", 300), "timed out", String.class));
        SCENARIOS.put("early events", () -> {
            Instant begin = Instant.now().plusMillis(1500);
            String id = client.scheduleNewOrchestrationInstance("collect", options().setInput(10).setStartTime(begin));
            for (int i = 0; i < 10; i++) {
                client.raiseEvent(id, "Item", i);
            }
            equal(state(id).getRuntimeStatus(), OrchestrationRuntimeStatus.PENDING);
            completesWith(id, "[0,1,2,3,4,5,6,7,8,9]");
            check(!Instant.now().isBefore(begin), "started too early");
        });
        SCENARIOS.put("start waits for the first replay", () -> { // DT-062
            String id = start("thoughtful", null);
            try {
                client.waitForInstanceStart(id, Duration.ofMillis(700));
                throw new AssertionError("started before its first replay ended");
            } catch (TimeoutException e) {
                equal(state(id).getRuntimeStatus(), OrchestrationRuntimeStatus.PENDING);
            }
            completes(id, 42, Integer.class);
        });
        SCENARIOS.put("children", () -> completes(start("parent", 5), 15, Integer.class));
        SCENARIOS.put("a failing child", () -> {
            OrchestrationMetadata got = await(start("parentOfBroken", null));
            check(got.getRuntimeStatus() == OrchestrationRuntimeStatus.COMPLETED, got);
            String text = got.readOutputAs(String.class);
            check(text.contains("IllegalStateException") && text.contains("the child broke"), text);
        });
        SCENARIOS.put("a terminated child", () -> {
            String id = start("parentOfWaiter", null);
            begun(id + "-child");
            client.terminate(id + "-child", "stopped");
            check(!await(id).readOutputAs(String.class).isEmpty(), "no type of failure");
        });
        SCENARIOS.put("continue as new", () -> completes(start("counter", 0), 10, Integer.class));
        SCENARIOS.put("continue as new with events", () -> {
            String id = start("counterWithEvents", 0);
            for (int i = 0; i < 5; i++) {
                client.raiseEvent(id, "Item", i);
            }
            completes(id, 5, Integer.class);
        });
        SCENARIOS.put("terminate", () -> {
            String id = start("waiter", null);
            begun(id);
            client.terminate(id, "stopped");
            OrchestrationMetadata got = await(id);
            equal(got.getRuntimeStatus(), OrchestrationRuntimeStatus.TERMINATED);
            equal(got.readOutputAs(String.class), "stopped");
        });
        SCENARIOS.put("suspend and resume", () -> {
            String id = start("collect", 2);
            begun(id);
            client.suspendInstance(id, "why");
            becomes(id, OrchestrationRuntimeStatus.SUSPENDED);
            client.raiseEvent(id, "Item", 0);
            client.raiseEvent(id, "Item", 1);
            sleep(500);
            equal(state(id).getRuntimeStatus(), OrchestrationRuntimeStatus.SUSPENDED);
            client.resumeInstance(id);
            completesWith(id, "[0,1]");
            client.suspendInstance(id);
            client.resumeInstance(id);
            equal(state(id).getRuntimeStatus(), OrchestrationRuntimeStatus.COMPLETED);
        });
        SCENARIOS.put("terminate while suspended", () -> {
            String id = start("waiter", null);
            begun(id);
            client.suspendInstance(id);
            becomes(id, OrchestrationRuntimeStatus.SUSPENDED);
            client.terminate(id, "anyway");
            equal(await(id).getRuntimeStatus(), OrchestrationRuntimeStatus.TERMINATED);
        });
        SCENARIOS.put("custom status", () -> { // DT-131, DT-132
            String id = start("reporter", "input");
            equal(begun(id).readCustomStatusAs(String.class), "waiting");
            client.raiseEvent(id, "Go");
            completes(id, "reported", String.class);
            check(!state(id).isCustomStatusFetched(), "the custom status was not cleared");
            OrchestrationState bare = stub.getInstance(
                GetInstanceRequest.newBuilder().setInstanceId(id).build()).getOrchestrationState();
            check(!bare.hasInput() && !bare.hasOutput() && !bare.hasCustomStatus(), bare);
            check(bare.hasCreatedTimestamp() && bare.hasLastUpdatedTimestamp(), bare);
        });
        SCENARIOS.put("retry", () -> completes(start("retrying", "a"), 3, Integer.class));
        SCENARIOS.put("retry by a handler", () -> completes(start("retryingByHandler", "b"), 3, Integer.class));
        SCENARIOS.put("retry a child", () -> completes(start("retryingChild", "c"), 3, Integer.class));
        SCENARIOS.put("retry in vain", () -> {
            OrchestrationMetadata got = await(start("retryingInVain", null));
            equal(got.getRuntimeStatus(), OrchestrationRuntimeStatus.FAILED);
            FailureDetails failure = got.getFailureDetails();
            check(failure.getErrorMessage().contains("never works"), failure.getErrorMessage());
            equal(failure.getErrorType(), TaskFailedException.class.getName());
            check(failure.getStackTrace().contains("Scenario"), failure.getStackTrace());
        });
        SCENARIOS.put("an unknown orchestrator", () ->
            equal(await(start("nowhere", null)).getRuntimeStatus(), OrchestrationRuntimeStatus.FAILED));
        SCENARIOS.put("send an event", () -> {
            String target = start("collect", 1);
            begun(target);
            completes(start("sender", target), "sent", String.class);
            completesWith(target, "[7]");
        });
        SCENARIOS.put("versions", () -> { // DT-058
            String absent = start("instant", 1);
            String empty = client.scheduleNewOrchestrationInstance("instant", options().setInput(1).setVersion(""));
            String some = client.scheduleNewOrchestrationInstance("instant", options().setInput(1).setVersion("1.2"));
            for (String id : List.of(absent, empty, some)) {
                completes(id, 1, Integer.class);
            }
            check(!raw(absent).hasVersion(), raw(absent));
            check(raw(empty).hasVersion(), raw(empty));
            equal(raw(empty).getVersion().getValue(), "");
            equal(raw(some).getVersion().getValue(), "1.2");
        });
        SCENARIOS.put("an unknown id", () -> {
            check(!state("no such instance").isInstanceFound(), "found");
            GetInstanceResponse answer = stub.getInstance(
                GetInstanceRequest.newBuilder().setInstanceId("no such instance").build());
            check(!answer.getExists() && !answer.hasOrchestrationState(), answer); // DT-128
        });
        SCENARIOS.put("purge", () -> {
            String id = start("waiter", null);
            begun(id);
            equal(client.purgeInstance(id).getDeletedInstanceCount(), 0);
            client.terminate(id, null);
            await(id);
            equal(client.purgeInstance(id).getDeletedInstanceCount(), 1);
            equal(client.purgeInstance(id).getDeletedInstanceCount(), 0);
            check(!state(id).isInstanceFound(), "still there");
        });
        SCENARIOS.put("query and purge by filter", () -> {
            Instant began = Instant.now();
            for (int i = 0; i < 7; i++) {
                completes(client.scheduleNewOrchestrationInstance("instant", i, "query-" + i), i, Integer.class);
            }
            client.scheduleNewOrchestrationInstance("waiter", null, "query-live");
            begun("query-live");
            OrchestrationStatusQuery query = new OrchestrationStatusQuery().setInstanceIdPrefix("query-")
                .setMaxInstanceCount(3).setFetchInputsAndOutputs(true);
            List<String> found = new ArrayList<>();
            int pages = 0;
            OrchestrationStatusQueryResult page;
            do {
                page = client.queryInstances(query);
                pages++;
                for (OrchestrationMetadata one : page.getOrchestrationState()) {
                    found.add(one.getInstanceId() + "=" + one.getSerializedOutput());
                }
                query.setContinuationToken(page.getContinuationToken());
            } while (page.getContinuationToken() != null && !page.getContinuationToken().isEmpty());
            equal(pages, 3);
            List<String> wanted = new ArrayList<>(IntStream.range(0, 7).mapToObj(i -> "query-" + i + "=" + i).toList());
            equal(found.subList(0, 7), wanted);
            check(found.size() == 8 && found.get(7).startsWith("query-live"), found);
            List<OrchestrationMetadata> live = client.queryInstances(new OrchestrationStatusQuery()
                .setCreatedTimeFrom(began).setCreatedTimeTo(Instant.now().plusSeconds(1))
                .setRuntimeStatusList(List.of(OrchestrationRuntimeStatus.RUNNING))).getOrchestrationState();
            equal(live.stream().map(OrchestrationMetadata::getInstanceId).toList(), List.of("query-live"));
            equal(client.purgeInstances(new PurgeInstanceCriteria().setCreatedTimeFrom(began)
                .setRuntimeStatusList(List.of(OrchestrationRuntimeStatus.COMPLETED,
                    OrchestrationRuntimeStatus.RUNNING))).getDeletedInstanceCount(), 7);
            client.terminate("query-live", null);
            await("query-live");
        });
        SCENARIOS.put("an id in use", () -> {
            String id = start("waiter", null);
            begun(id);
            refused(Status.Code.ALREADY_EXISTS, "orchestration instance already exists", () ->
                client.scheduleNewOrchestrationInstance("instant", 1, id));
            client.terminate(id, null);
            await(id);
            equal(client.scheduleNewOrchestrationInstance("instant", 1, id), id);
            completes(id, 1, Integer.class);
            refused(Status.Code.INVALID_ARGUMENT, "'@'", () ->
                client.scheduleNewOrchestrationInstance("instant", 1, "@entity@x"));
        });
        SCENARIOS.put("restart", () -> { // by the SDK: GetInstance, then StartInstance
            String id = start("sequence", 1);
            completesWith(id, "[1,2,3,4,5,6]");
            equal(client.restartInstance(id, false), id);
            completesWith(id, "[1,2,3,4,5,6]");
            String other = client.restartInstance(id, true);
            check(!other.equals(id), other);
            completesWith(other, "[1,2,3,4,5,6]");
        });
        SCENARIOS.put("compressed requests", () -> {
            String text = '"' + "squeeze ".repeat(50000) + '"';
            String id = stub.withCompression("gzip").startInstance(CreateInstanceRequest.newBuilder()
                .setName("instant").setInput(StringValue.of(text)).build()).getInstanceId();
            completesWith(id, text);
        });
        SCENARIOS.put("more than the stream's window", () -> { // 60 inputs of 100 kB, taken one at a time
            String text = "x".repeat(100000);
            List<String> ids = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                ids.add(start("instant", text));
            }
            for (String id : ids) {
                completes(id, text, String.class);
            }
        });
        SCENARIOS.put("late completions", () -> { // DT-169: an error would cost this SDK its stream
            stub.completeActivityTask(ActivityResponse.newBuilder().setInstanceId("x").setTaskId(1).build());
            stub.completeOrchestratorTask(OrchestratorResponse.newBuilder().setInstanceId("x").build());
        });
        SCENARIOS.put("two fan-outs side by side", () -> { // the stream is not read while an activity runs
            String first = start("slowFanOut", 60);
            String second = start("slowFanOut", 60);
            completes(first, 1770, Integer.class);
            completes(second, 1770, Integer.class);
        });
        SCENARIOS.put("the server dies", () -> {
            String id = start("slowFanOut", 60);
            begun(id);
            System.out.println("RESTART");
            equal(new BufferedReader(new InputStreamReader(System.in)).readLine(), "ok");
            Instant end = Instant.now().plus(PATIENCE);
            OrchestrationMetadata got = null;
            while (got == null || !got.isCompleted()) {
                check(Instant.now().isBefore(end), "not completed");
                sleep(50);
                try {
                    got = state(id);
                } catch (StatusRuntimeException e) {
                    equal(e.getStatus().getCode(), Status.Code.UNAVAILABLE);
                }
            }
            equal(got.readOutputAs(Integer.class), 1770);
        });
    }

    public static void main(String[] arguments) throws Exception {
        Logger quiet = Logger.getLogger("");
        quiet.setLevel(Level.OFF);
        ManagedChannel channel = NettyChannelBuilder.forTarget(arguments[0]).usePlaintext().build();
        ManagedChannel workerChannel = NettyChannelBuilder.forTarget(arguments[0]).usePlaintext().build();
        client = new DurableTaskGrpcClientBuilder().grpcChannel(channel).build();
        stub = TaskHubSidecarServiceGrpc.newBlockingStub(channel);
        DurableTaskGrpcWorker worker = worker(workerChannel);
        worker.start();
        List<String> chosen = Arrays.asList(arguments).subList(1, arguments.length);
        int failures = 0;
        for (Map.Entry<String, Body> one : SCENARIOS.entrySet()) {
            if (!chosen.isEmpty() && !chosen.contains(one.getKey())) {
                continue;
            }
            long began = System.nanoTime();
            try {
                one.getValue().run();
                System.out.printf("ok %s (%.2f s)%n", one.getKey(), (System.nanoTime() - began) / 1e9);
            } catch (Throwable e) {
                failures++;
                System.out.printf("FAILED %s: %s%n", one.getKey(), e);
                e.printStackTrace(System.out);
            }
        }
        System.exit(failures > 0 ? 1 : 0);
    }
}
