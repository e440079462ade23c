using Atelier.Core.Fleet.Queue;
using Atelier.Core.Kubernetes;

namespace Atelier.Core.Tests.Kubernetes;

/// <summary>What the operator decides, state by state.</summary>
public sealed class OperatorPolicyTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly OperatorSettings Settings = new();

    [Fact]
    public void Decide_WithoutAFinalizer_AddsItBeforeAnythingElse() =>
        Assert.Equal([new OperatorAction.AddFinalizer()], Decide(Seen() with { Run = Run() with { HasFinalizer = false } }).Actions);

    [Fact]
    public void Decide_ANewRun_MakesItsWorkersAndSubmitsWhenOneIsThere()
    {
        Assert.Equal([new OperatorAction.CreateJob(IsSuspended: false)], Decide(Seen()).Actions);
        Assert.Equal([new OperatorAction.Submit()], Decide(Seen() with { CanInspect = true, Job = Job() }).Actions);
        Assert.Equal([new OperatorAction.Submit()], Decide(Seen(Run(Spec() with { Workers = null }))).Actions);
        Assert.Empty(Decide(Seen(Run(Spec() with { Suspend = true })) with { CanInspect = true }).Actions);
    }

    [Theory]
    [InlineData(RunStatus.Queued)]
    [InlineData(RunStatus.Forming)]
    [InlineData(RunStatus.Running)]
    [InlineData(RunStatus.Halting)]
    [InlineData(RunStatus.Paused)]
    [InlineData(RunStatus.Finished)]
    [InlineData(RunStatus.Failed)]
    [InlineData(RunStatus.Cancelled)]
    public void Decide_ARunThatIsAsWanted_DoesNothing(RunStatus status) =>
        Assert.Empty(Decide(Seen() with { Known = Known(status), Job = Job() with { IsSuspended = status == RunStatus.Paused } }).Actions);

    [Theory]
    [InlineData(RunStatus.Finished, false)]
    [InlineData(RunStatus.Failed, false)]
    [InlineData(RunStatus.Cancelled, false)]
    [InlineData(RunStatus.Queued, true)]
    [InlineData(RunStatus.Running, true)]
    public void Decide_ARunWithoutItsJob_MakesItWhereTheRunGoesOn(RunStatus status, bool makes) =>
        Assert.Equal(makes, Decide(Seen() with { Known = Known(status) }).Actions is [OperatorAction.CreateJob]);

    [Theory]
    [InlineData(RunStatus.Running, true, false, typeof(OperatorAction.Pause))]
    [InlineData(RunStatus.Halting, true, true, null)]
    [InlineData(RunStatus.Paused, true, true, null)]
    [InlineData(RunStatus.Paused, false, true, typeof(OperatorAction.Resume))]
    [InlineData(RunStatus.Paused, false, false, null)]
    [InlineData(RunStatus.Running, false, true, null)]
    [InlineData(RunStatus.Finished, true, false, null)]
    public void Decide_Suspension_PausesAndResumesWhatItPaused(RunStatus status, bool suspend, bool wasSuspended, Type? action)
    {
        var run = Run(Spec() with { Suspend = suspend }) with { Status = new() { IsSuspended = wasSuspended } };
        var decision = Decide(Seen(run) with { Known = Known(status), Job = Job() with { IsSuspended = status == RunStatus.Paused } });
        Assert.Equal(action, decision.Actions.SingleOrDefault()?.GetType());
    }

    [Theory]
    [InlineData(DeletionPolicy.Cancel, null, typeof(OperatorAction.RemoveFinalizer))]
    [InlineData(DeletionPolicy.Cancel, RunStatus.Running, typeof(OperatorAction.Cancel))]
    [InlineData(DeletionPolicy.Cancel, RunStatus.Finished, typeof(OperatorAction.Forget))]
    [InlineData(DeletionPolicy.Cancel, RunStatus.Cancelled, typeof(OperatorAction.Forget))]
    [InlineData(DeletionPolicy.Keep, RunStatus.Running, typeof(OperatorAction.RemoveFinalizer))]
    public void Decide_ADeletedObject_EndsTheRunByItsPolicy(DeletionPolicy policy, RunStatus? status, Type action)
    {
        var run = Run(Spec() with { OnDelete = policy }) with { IsDeleting = true };
        var decision = Decide(Seen(run) with { Known = status is { } known ? Known(known) : null });
        Assert.IsType(action, Assert.Single(decision.Actions));
        Assert.Equal(TrainingRunPhase.Deleting, decision.Status.Phase);
        Assert.Empty(Decide(Seen(run with { HasFinalizer = false })).Actions);
    }

    [Fact]
    public void Decide_AFailedJob_IsReplacedLaterEachTime()
    {
        var failed = Job() with { FailedSince = Now - TimeSpan.FromSeconds(15), Failure = "BackoffLimitExceeded: …" };
        var seen = Seen() with { Known = Known(RunStatus.Queued), Job = failed };
        var first = Decide(seen);
        Assert.IsType<OperatorAction.DeleteJob>(Assert.Single(first.Actions));
        Assert.Equal(1, first.Status.WorkerFailures);
        // The second one stands twice as long.
        Assert.Empty(Decide(seen with { Run = Run() with { Status = first.Status } }).Actions);
        var second = Decide(seen with { Run = Run() with { Status = first.Status }, Job = failed with { FailedSince = Now - TimeSpan.FromSeconds(21) } });
        Assert.Equal(2, second.Status.WorkerFailures);
        // After a quarter of an hour that is forgotten.
        var later = Run() with { Status = second.Status with { WorkersReplaced = Now - TimeSpan.FromMinutes(16) } };
        Assert.Equal(1, Decide(seen with { Run = later }).Status.WorkerFailures);
    }

    [Fact]
    public void Decide_WhatWasRefused_IsLeftAloneForAWhileUnlessTheSpecChanged()
    {
        var refusal = new Refusal(OperatorStep.Submission, "Invalid", "no such data", Now - TimeSpan.FromSeconds(5), Generation: 1);
        var seen = Seen() with { CanInspect = true, Job = Job(), Refusals = [refusal] };
        var decision = Decide(seen);
        Assert.Empty(decision.Actions);
        Assert.Equal((TrainingRunPhase.Invalid, "no such data"), (decision.Status.Phase, decision.Status.Message));
        Assert.NotEmpty(Decide(seen with { Refusals = [refusal with { At = Now - TimeSpan.FromMinutes(1) }] }).Actions);
        Assert.NotEmpty(Decide(seen with { Run = Run() with { Generation = 2 } }).Actions);
    }

    [Fact]
    public void Decide_ProgressAlone_IsWrittenNowAndThen()
    {
        var first = Decide(Seen() with { Known = Known(RunStatus.Running, kimg: 1), Job = Job() }).Status;
        Assert.Equal(1, first.Progress!.Kimg);
        var run = Run() with { Status = first };
        var soon = OperatorPolicy.Decide(Seen(run) with { Known = Known(RunStatus.Running, kimg: 2), Job = Job() }, Settings, Now + TimeSpan.FromSeconds(5));
        Assert.Same(first, soon.Status);
        var later = OperatorPolicy.Decide(Seen(run) with { Known = Known(RunStatus.Running, kimg: 2), Job = Job() }, Settings, Now + TimeSpan.FromSeconds(11));
        Assert.Equal(2, later.Status.Progress!.Kimg);
        var news = OperatorPolicy.Decide(Seen(run) with { Known = Known(RunStatus.Halting, kimg: 2), Job = Job() }, Settings, Now + TimeSpan.FromSeconds(5));
        Assert.Equal(TrainingRunPhase.Halting, news.Status.Phase);
    }

    [Theory]
    [InlineData("lr=0", "`lr` cannot be `0`")]
    [InlineData("lrr=1", "`lrr`")]
    [InlineData("metrics=fidd", "fidd")]
    [InlineData("data-images=3", "set by the dataset")]
    public void Problems_OfASpec_AreNamed(string assignment, string problem)
    {
        var decision = Decide(Seen(Run(Spec() with { Assignments = [assignment] })));
        Assert.Empty(decision.Actions);
        Assert.Contains(problem, decision.Status.Message);
        Assert.Equal(TrainingRunPhase.Invalid, decision.Status.Phase);
        Assert.False(decision.Status.Condition(RunConditionType.Accepted)!.Holds);
    }

    private static OperatorDecision Decide(OperatorObservation seen) => OperatorPolicy.Decide(seen, Settings, Now);

    private static OperatorObservation Seen(TrainingRun? run = null) => new(run ?? Run(), null, [], null, CanInspect: false, []);

    private static TrainingRun Run(TrainingRunSpec? spec = null) => new() { Name = "faces", Uid = "u", Generation = 1, HasFinalizer = true, Spec = spec ?? Spec() };

    private static TrainingRunSpec Spec() => new() { Data = "/data", Out = "/runs/faces", Workers = new(1, 2) };

    private static JobObservation Job() => new("u", 2);

    private static RunObservation Known(RunStatus status, double kimg = 0) => new(status, "", new(kimg, 100, 0, 1, 0, null, null));
}
