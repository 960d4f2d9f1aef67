// SPDX-License-Identifier: MIT

// The official Go SDK, unmodified, against a scheduler. Usage: scenario ADDRESS [NAME...]; see ../sdk_run.py.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/microsoft/durabletask-go/api"
	"github.com/microsoft/durabletask-go/client"
	"github.com/microsoft/durabletask-go/task"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

const patience = 90 * time.Second

// --- orchestrations and activities ---

var attempts sync.Map // calls of the activity "flaky", by its input

func number(ctx interface{ GetInput(any) error }) int {
	var n int
	if err := ctx.GetInput(&n); err != nil {
		panic(err)
	}
	return n
}

func plusOne(ctx task.ActivityContext) (any, error) { return number(ctx) + 1, nil }

func flaky(ctx task.ActivityContext) (any, error) {
	var name string
	if err := ctx.GetInput(&name); err != nil {
		return nil, err
	}
	counter, _ := attempts.LoadOrStore(name, new(atomic.Int32))
	n := counter.(*atomic.Int32).Add(1)
	if n < 3 {
		return nil, fmt.Errorf("attempt %d failed", n)
	}
	return n, nil
}

func hopeless(ctx task.ActivityContext) (any, error) { return nil, errors.New("never works") }

func slow(ctx task.ActivityContext) (any, error) {
	time.Sleep(50 * time.Millisecond)
	return number(ctx), nil
}

func nothing(ctx task.ActivityContext) (any, error) { return nil, nil }

func sequence(ctx *task.OrchestrationContext) (any, error) {
	numbers := []int{number(ctx)}
	for i := 0; i < 5; i++ {
		var next int
		if err := ctx.CallActivity("plusOne", task.WithActivityInput(numbers[i])).Await(&next); err != nil {
			return nil, err
		}
		numbers = append(numbers, next)
	}
	return numbers, nil
}

func fanOutOf(activity string) task.Orchestrator {
	return func(ctx *task.OrchestrationContext) (any, error) {
		var tasks []task.Task
		for i := 0; i < number(ctx); i++ {
			tasks = append(tasks, ctx.CallActivity(activity, task.WithActivityInput(i)))
		}
		sum := 0
		for _, one := range tasks {
			var result int
			if err := one.Await(&result); err != nil {
				return nil, err
			}
			sum += result
		}
		return sum, nil
	}
}

func sleeper(ctx *task.OrchestrationContext) (any, error) {
	before := ctx.CurrentTimeUtc
	if err := ctx.CreateTimer(time.Duration(number(ctx)) * time.Millisecond).Await(nil); err != nil {
		return nil, err
	}
	return ctx.CurrentTimeUtc.Sub(before).Milliseconds(), nil
}

func approval(ctx *task.OrchestrationContext) (any, error) {
	var answer string
	err := ctx.WaitForSingleEvent("Approval", time.Duration(number(ctx))*time.Millisecond).Await(&answer)
	if errors.Is(err, task.ErrTaskCanceled) {
		return "timed out", nil
	}
	return answer, err
}

func collect(ctx *task.OrchestrationContext) (any, error) {
	items := []int{}
	for i := 0; i < number(ctx); i++ {
		var item int
		if err := ctx.WaitForSingleEvent("Item", -1).Await(&item); err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

func parent(ctx *task.OrchestrationContext) (any, error) {
	var tasks []task.Task
	for i := 0; i < number(ctx); i++ {
		tasks = append(tasks, ctx.CallSubOrchestrator("sequence", task.WithSubOrchestratorInput(i)))
	}
	sum := 0
	for _, one := range tasks {
		var numbers []int
		if err := one.Await(&numbers); err != nil {
			return nil, err
		}
		sum += numbers[5]
	}
	return sum, nil
}

func broken(ctx *task.OrchestrationContext) (any, error) { return nil, errors.New("the child broke") }

func parentOfBroken(ctx *task.OrchestrationContext) (any, error) {
	if err := ctx.CallSubOrchestrator("broken").Await(nil); err != nil {
		return err.Error(), nil
	}
	return "no failure", nil
}

func parentOfWaiters(ctx *task.OrchestrationContext) (any, error) {
	var tasks []task.Task
	for i := 0; i < 3; i++ {
		tasks = append(tasks, ctx.CallSubOrchestrator("waiter",
			task.WithSubOrchestrationInstanceID(fmt.Sprintf("%s-%d", ctx.ID, i))))
	}
	for _, one := range tasks {
		if err := one.Await(nil); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func waiter(ctx *task.OrchestrationContext) (any, error) {
	return nil, ctx.WaitForSingleEvent("Never", -1).Await(nil)
}

func counter(ctx *task.OrchestrationContext) (any, error) {
	n := number(ctx)
	if err := ctx.CreateTimer(0).Await(nil); err != nil {
		return nil, err
	}
	if n < 100 {
		ctx.ContinueAsNew(n + 1)
	}
	return n, nil
}

func counterWithEvents(ctx *task.OrchestrationContext) (any, error) {
	var seen []int
	if err := ctx.GetInput(&seen); err != nil {
		return nil, err
	}
	var item int
	if err := ctx.WaitForSingleEvent("Item", -1).Await(&item); err != nil {
		return nil, err
	}
	seen = append(seen, item)
	if len(seen) < 5 {
		ctx.ContinueAsNew(seen, task.WithKeepUnprocessedEvents())
	}
	return seen, nil
}

func reporter(ctx *task.OrchestrationContext) (any, error) {
	ctx.SetCustomStatus("waiting")
	if err := ctx.WaitForSingleEvent("Go", -1).Await(nil); err != nil {
		return nil, err
	}
	ctx.SetCustomStatus("went")
	return "reported", nil
}

var policy = &task.RetryPolicy{MaxAttempts: 3, InitialRetryInterval: 50 * time.Millisecond, BackoffCoefficient: 2}

func retrying(ctx *task.OrchestrationContext) (any, error) {
	var name string
	if err := ctx.GetInput(&name); err != nil {
		return nil, err
	}
	var n int
	err := ctx.CallActivity("flaky", task.WithActivityInput(name), task.WithActivityRetryPolicy(policy)).Await(&n)
	return n, err
}

func retryingInVain(ctx *task.OrchestrationContext) (any, error) {
	return nil, ctx.CallActivity("hopeless", task.WithActivityRetryPolicy(policy)).Await(nil)
}

func flakyChild(ctx *task.OrchestrationContext) (any, error) {
	var name string
	if err := ctx.GetInput(&name); err != nil {
		return nil, err
	}
	var n int
	err := ctx.CallActivity("flaky", task.WithActivityInput(name)).Await(&n)
	return n, err
}

func retryingChild(ctx *task.OrchestrationContext) (any, error) {
	var n int
	err := ctx.CallSubOrchestrator("flakyChild", task.WithSubOrchestratorInput(string(ctx.ID)),
		task.WithSubOrchestrationRetryPolicy(policy)).Await(&n)
	return n, err
}

func delayed(ctx *task.OrchestrationContext) (any, error) {
	if err := ctx.CreateTimer(time.Second).Await(nil); err != nil {
		return nil, err
	}
	var name string
	err := ctx.GetInput(&name)
	return "Hello, " + name + "!", err
}

func thoughtful(ctx *task.OrchestrationContext) (any, error) {
	time.Sleep(2 * time.Second)
	return 42, nil
}

func callsNothing(ctx *task.OrchestrationContext) (any, error) {
	return nil, ctx.CallActivity("nothing").Await(nil)
}

func registry() *task.TaskRegistry {
	r := task.NewTaskRegistry()
	for name, one := range map[string]task.Orchestrator{
		"sequence": sequence, "fanOut": fanOutOf("plusOne"), "slowFanOut": fanOutOf("slow"), "sleeper": sleeper,
		"approval": approval, "collect": collect, "parent": parent, "broken": broken,
		"parentOfBroken": parentOfBroken, "parentOfWaiters": parentOfWaiters, "waiter": waiter, "counter": counter,
		"counterWithEvents": counterWithEvents, "reporter": reporter, "retrying": retrying,
		"retryingInVain": retryingInVain, "flakyChild": flakyChild, "retryingChild": retryingChild,
		"delayed": delayed, "thoughtful": thoughtful, "callsNothing": callsNothing,
	} {
		must(r.AddOrchestratorN(name, one))
	}
	for name, one := range map[string]task.Activity{
		"plusOne": plusOne, "flaky": flaky, "hopeless": hopeless, "slow": slow, "nothing": nothing,
	} {
		must(r.AddActivityN(name, one))
	}
	return r
}

// --- scenarios ---

type quiet struct{}

func (quiet) Debug(v ...any)            {}
func (quiet) Debugf(f string, v ...any) {}
func (quiet) Info(v ...any)             {}
func (quiet) Infof(f string, v ...any)  {}
func (quiet) Warn(v ...any)             {}
func (quiet) Warnf(f string, v ...any)  {}
func (quiet) Error(v ...any)            {}
func (quiet) Errorf(f string, v ...any) {}

type hub struct{ *client.TaskHubGrpcClient }

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func equal[T comparable](what string, got, want T) {
	if got != want {
		panic(fmt.Sprintf("%s: got %v, want %v", what, got, want))
	}
}

func limited() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	context.AfterFunc(ctx, cancel)
	return ctx
}

func (h hub) start(name string, options ...api.NewOrchestrationOptions) api.InstanceID {
	id, err := h.ScheduleNewOrchestration(limited(), name, options...)
	must(err)
	return id
}

func (h hub) begun(id api.InstanceID) *api.OrchestrationMetadata {
	m, err := h.WaitForOrchestrationStart(limited(), id)
	must(err)
	return m
}

func (h hub) wait(id api.InstanceID) *api.OrchestrationMetadata {
	m, err := h.WaitForOrchestrationCompletion(limited(), id)
	must(err)
	return m
}

func (h hub) state(id api.InstanceID) *api.OrchestrationMetadata {
	m, err := h.FetchOrchestrationMetadata(limited(), id)
	must(err)
	return m
}

func (h hub) raise(id api.InstanceID, name string, data any) {
	must(h.RaiseEvent(limited(), id, name, api.WithEventPayload(data)))
}

func (h hub) completes(id api.InstanceID, output string) {
	m := h.wait(id)
	equal("status", m.RuntimeStatus, api.RUNTIME_STATUS_COMPLETED)
	equal("output", m.SerializedOutput, output)
}

func (h hub) becomes(id api.InstanceID, wanted api.OrchestrationStatus) {
	for end := time.Now().Add(patience); h.state(id).RuntimeStatus != wanted; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			panic(fmt.Sprintf("%s did not become %v", id, wanted))
		}
	}
}

func (h hub) refused(code codes.Code, text string, name string, options ...api.NewOrchestrationOptions) {
	_, err := h.ScheduleNewOrchestration(limited(), name, options...)
	if err == nil {
		panic("not refused")
	}
	inner := errors.Unwrap(err)
	equal("code", status.Code(inner), code)
	if !strings.Contains(inner.Error(), text) {
		panic(fmt.Sprintf("%v does not say %q", inner, text))
	}
}

var scenarios = []struct {
	name string
	run  func(h hub)
}{
	{"sequence", func(h hub) { h.completes(h.start("sequence", api.WithInput(1)), "[1,2,3,4,5,6]") }},
	{"fan-out", func(h hub) { h.completes(h.start("fanOut", api.WithInput(20)), "210") }},
	{"no result", func(h hub) { h.completes(h.start("callsNothing"), "") }},
	{"timer", func(h hub) {
		began := time.Now()
		m := h.wait(h.start("sleeper", api.WithInput(1000)))
		equal("status", m.RuntimeStatus, api.RUNTIME_STATUS_COMPLETED)
		var slept int64
		fmt.Sscan(m.SerializedOutput, &slept)
		if slept < 1000 || time.Since(began) < time.Second {
			panic("the timer was early")
		}
	}},
	{"event", func(h hub) {
		id := h.start("approval", api.WithInput(20000))
		h.begun(id)
		h.raise(id, "approval", "yes") // names are told apart without regard to case by the SDK
		h.completes(id, `"yes"`)
	}},
	{"event times out", func(h hub) { h.completes(h.start("approval", api.WithInput(300)), `"timed out"`) }},
	{"early events", func(h hub) {
		begin := time.Now().Add(1500 * time.Millisecond)
		id := h.start("collect", api.WithInput(10), api.WithStartTime(begin))
		for i := 0; i < 10; i++ {
			h.raise(id, "Item", i)
		}
		early := h.state(id).RuntimeStatus
		if time.Now().Before(begin) { // else the machine was too slow to see it
			equal("status", early, api.RUNTIME_STATUS_PENDING)
		}
		h.completes(id, "[0,1,2,3,4,5,6,7,8,9]")
		if time.Now().Before(begin) {
			panic("started too early")
		}
	}},
	{"start waits for the first replay", func(h hub) { // DT-062
		id := h.start("thoughtful")
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, err := h.WaitForOrchestrationStart(ctx, id); !errors.Is(err, context.DeadlineExceeded) {
			panic(fmt.Sprintf("the wait for the start ended with %v", err))
		}
		equal("status", h.state(id).RuntimeStatus, api.RUNTIME_STATUS_PENDING)
		h.completes(id, "42")
	}},
	{"children", func(h hub) { h.completes(h.start("parent", api.WithInput(5)), "35") }},
	{"a failing child", func(h hub) {
		m := h.wait(h.start("parentOfBroken"))
		if !strings.Contains(m.SerializedOutput, "the child broke") {
			panic(m.SerializedOutput)
		}
	}},
	{"continue as new", func(h hub) { h.completes(h.start("counter", api.WithInput(0)), "100") }},
	{"continue as new with events", func(h hub) {
		id := h.start("counterWithEvents", api.WithInput([]int{}))
		for i := 0; i < 5; i++ {
			h.raise(id, "Item", i)
		}
		h.completes(id, "[0,1,2,3,4]")
	}},
	{"terminate", func(h hub) {
		id := h.start("waiter")
		h.begun(id)
		must(h.TerminateOrchestration(limited(), id, api.WithOutput("stopped")))
		m := h.wait(id)
		equal("status", m.RuntimeStatus, api.RUNTIME_STATUS_TERMINATED)
		equal("output", m.SerializedOutput, `"stopped"`)
		must(h.TerminateOrchestration(limited(), id, api.WithOutput("again")))
		equal("output", h.state(id).SerializedOutput, `"stopped"`)
	}},
	{"terminate a tree", func(h hub) {
		for _, recursive := range []bool{true, false} {
			id := h.start("parentOfWaiters")
			for i := 0; i < 3; i++ {
				h.begun(api.InstanceID(fmt.Sprintf("%s-%d", id, i)))
			}
			must(h.TerminateOrchestration(limited(), id, api.WithRecursiveTerminate(recursive)))
			equal("parent", h.wait(id).RuntimeStatus, api.RUNTIME_STATUS_TERMINATED)
			for i := 0; i < 3; i++ {
				child := api.InstanceID(fmt.Sprintf("%s-%d", id, i))
				if !recursive {
					equal("child", h.state(child).RuntimeStatus, api.RUNTIME_STATUS_RUNNING)
					must(h.TerminateOrchestration(limited(), child))
				}
				equal("child", h.wait(child).RuntimeStatus, api.RUNTIME_STATUS_TERMINATED)
			}
		}
	}},
	{"suspend and resume", func(h hub) {
		id := h.start("collect", api.WithInput(3))
		h.begun(id)
		must(h.SuspendOrchestration(limited(), id, "why"))
		h.becomes(id, api.RUNTIME_STATUS_SUSPENDED)
		for i := 0; i < 3; i++ {
			h.raise(id, "Item", i)
		}
		time.Sleep(500 * time.Millisecond)
		equal("status", h.state(id).RuntimeStatus, api.RUNTIME_STATUS_SUSPENDED)
		must(h.ResumeOrchestration(limited(), id, "because"))
		h.completes(id, "[0,1,2]")
		must(h.SuspendOrchestration(limited(), id, "late"))
		must(h.ResumeOrchestration(limited(), id, "late"))
		h.completes(id, "[0,1,2]")
	}},
	{"terminate while suspended", func(h hub) { // DT-109: this SDK answers with no actions
		id := h.start("waiter")
		h.begun(id)
		must(h.SuspendOrchestration(limited(), id, ""))
		h.becomes(id, api.RUNTIME_STATUS_SUSPENDED)
		must(h.TerminateOrchestration(limited(), id, api.WithOutput("anyway")))
		m := h.wait(id)
		equal("status", m.RuntimeStatus, api.RUNTIME_STATUS_TERMINATED)
		equal("output", m.SerializedOutput, `"anyway"`)
	}},
	{"terminate before the start", func(h hub) { // DT-110
		id := h.start("waiter", api.WithStartTime(time.Now().Add(time.Hour)))
		must(h.TerminateOrchestration(limited(), id, api.WithOutput("never began")))
		m := h.wait(id)
		equal("status", m.RuntimeStatus, api.RUNTIME_STATUS_TERMINATED)
		equal("output", m.SerializedOutput, `"never began"`)
	}},
	{"custom status", func(h hub) {
		id := h.start("reporter")
		equal("custom status", h.begun(id).SerializedCustomStatus, "waiting")
		h.raise(id, "Go", nil)
		h.completes(id, `"reported"`)
		equal("custom status", h.state(id).SerializedCustomStatus, "went")
		m, err := h.FetchOrchestrationMetadata(limited(), id, api.WithFetchPayloads(false))
		must(err)
		equal("output", m.SerializedOutput, "")
		equal("custom status", m.SerializedCustomStatus, "")
		if m.CreatedAt.IsZero() || m.LastUpdatedAt.Before(m.CreatedAt) {
			panic("the times are wrong")
		}
	}},
	{"retry", func(h hub) { h.completes(h.start("retrying", api.WithInput("a")), "3") }},
	{"retry a child", func(h hub) { h.completes(h.start("retryingChild"), "3") }},
	{"retry in vain", func(h hub) {
		equal("status", h.wait(h.start("retryingInVain")).RuntimeStatus, api.RUNTIME_STATUS_FAILED)
	}},
	{"an unknown orchestrator", func(h hub) {
		equal("status", h.wait(h.start("nowhere")).RuntimeStatus, api.RUNTIME_STATUS_FAILED)
	}},
	{"purge", func(h hub) {
		id := h.start("collect", api.WithInput(1))
		h.begun(id)
		if err := h.PurgeOrchestrationState(limited(), id); err == nil {
			panic("purged while it runs")
		}
		h.raise(id, "Item", 1)
		h.completes(id, "[1]")
		must(h.PurgeOrchestrationState(limited(), id))
		equal("purge", h.PurgeOrchestrationState(limited(), id), api.ErrInstanceNotFound)
		_, err := h.FetchOrchestrationMetadata(limited(), id)
		equal("fetch", err, api.ErrInstanceNotFound)
	}},
	{"purge a tree", func(h hub) {
		id := h.start("parentOfWaiters")
		h.begun(id)
		for i := 0; i < 3; i++ {
			h.begun(api.InstanceID(fmt.Sprintf("%s-%d", id, i)))
		}
		must(h.TerminateOrchestration(limited(), id))
		for i := 0; i < 3; i++ {
			h.wait(api.InstanceID(fmt.Sprintf("%s-%d", id, i)))
		}
		must(h.PurgeOrchestrationState(limited(), id, api.WithRecursivePurge(true)))
		for i := 0; i < 3; i++ {
			_, err := h.FetchOrchestrationMetadata(limited(), api.InstanceID(fmt.Sprintf("%s-%d", id, i)))
			equal("child", err, api.ErrInstanceNotFound)
		}
	}},
	{"an id in use", func(h hub) { // DT-045, DT-046
		id := h.start("waiter")
		h.refused(codes.AlreadyExists, "orchestration instance already exists", "waiter", api.WithInstanceID(id))
		must(h.TerminateOrchestration(limited(), id))
		h.wait(id)
		equal("id", h.start("sequence", api.WithInput(1), api.WithInstanceID(id)), id)
		h.completes(id, "[1,2,3,4,5,6]")
	}},
	{"reuse: ignore", func(h hub) { // DT-051
		id := h.start("delayed", api.WithInput("first"))
		h.begun(id)
		again := []api.NewOrchestrationOptions{api.WithInput("second"), api.WithInstanceID(id),
			api.WithOrchestrationIdReusePolicy(&api.OrchestrationIdReusePolicy{
				Action: api.REUSE_ID_ACTION_IGNORE, OperationStatus: live})}
		equal("id", h.start("delayed", again...), id)
		h.completes(id, `"Hello, first!"`)
		equal("id", h.start("delayed", again...), id)
		h.completes(id, `"Hello, first!"`)
	}},
	{"reuse: terminate", func(h hub) { // DT-052: TERMINATED is not listed
		id := h.start("delayed", api.WithInput("first"))
		h.begun(id)
		pivot := time.Now()
		again := []api.NewOrchestrationOptions{api.WithInput("second"), api.WithInstanceID(id),
			api.WithOrchestrationIdReusePolicy(&api.OrchestrationIdReusePolicy{
				Action: api.REUSE_ID_ACTION_TERMINATE, OperationStatus: live})}
		equal("id", h.start("delayed", again...), id)
		h.completes(id, `"Hello, second!"`)
		if h.state(id).CreatedAt.Before(pivot) {
			panic("the old instance is still there")
		}
	}},
	{"reuse: error", func(h hub) {
		id := h.start("sequence", api.WithInput(1))
		h.wait(id)
		for _, action := range []api.CreateOrchestrationAction{api.REUSE_ID_ACTION_ERROR, api.REUSE_ID_ACTION_IGNORE,
			api.REUSE_ID_ACTION_TERMINATE} {
			h.refused(codes.AlreadyExists, "orchestration instance already exists", "waiter", api.WithInstanceID(id),
				api.WithOrchestrationIdReusePolicy(&api.OrchestrationIdReusePolicy{Action: action,
					OperationStatus: []api.OrchestrationStatus{api.RUNTIME_STATUS_FAILED}}))
		}
	}},
	{"bad ids", func(h hub) {
		h.refused(codes.InvalidArgument, "", "waiter", api.WithInstanceID("@entity@x"))
		h.refused(codes.InvalidArgument, "", "waiter", api.WithInstanceID(api.InstanceID(strings.Repeat("x", 101))))
		h.refused(codes.InvalidArgument, "", "")
	}},
	{"the server dies", func(h hub) {
		id := h.start("slowFanOut", api.WithInput(100))
		h.begun(id)
		waiting := make(chan string)
		go func() {
			m, err := h.WaitForOrchestrationCompletion(limited(), id)
			if err != nil {
				waiting <- err.Error()
			} else {
				waiting <- m.SerializedOutput
			}
		}()
		fmt.Println("RESTART")
		line, err := bufio.NewReader(os.Stdin).ReadString('\n')
		must(err)
		equal("answer", line, "ok\n")
		equal("output", <-waiting, "4950")
	}},
}

var live = []api.OrchestrationStatus{api.RUNTIME_STATUS_RUNNING, api.RUNTIME_STATUS_COMPLETED,
	api.RUNTIME_STATUS_PENDING}

func try(h hub, run func(h hub)) (problem any) {
	defer func() { problem = recover() }()
	run(h)
	return nil
}

func main() {
	connection, err := grpc.Dial(os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(err)
	h := hub{client.NewTaskHubGrpcClient(connection, quiet{})}
	ctx, stop := context.WithCancel(context.Background())
	must(h.StartWorkItemListener(ctx, registry()))
	failures := 0
	for _, one := range scenarios {
		if len(os.Args) > 2 && !slices.Contains(os.Args[2:], one.name) {
			continue
		}
		began := time.Now()
		if problem := try(h, one.run); problem != nil {
			failures++
			fmt.Printf("FAILED %s: %v\n", one.name, problem)
		} else {
			fmt.Printf("ok %s (%.2f s)\n", one.name, time.Since(began).Seconds())
		}
	}
	stop()
	connection.Close()
	if failures > 0 {
		os.Exit(1)
	}
}
