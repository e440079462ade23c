using System.Text.Json;
using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Generations;
using Atelier.Core.Fleet.Queue;
using Atelier.Core.Sharding;

namespace Atelier.Core.Tests.Fleet.Generations;

public class GenerationPolicyTests
{
    private static readonly RunShape Shape = new(8, 1, 4, 1000, 10);

    private static StateVersion At(long iteration, int phase = 0, int lineage = 0) => new(lineage, new(iteration, phase));

    [Fact]
    public void Decide_TwoWorkers_HaltPrepareGo()
    {
        var scene = new Scene(Shape, "a", "b").Decide();
        Assert.Equal(["a: Halt 0", "b: Halt 0"], scene.Told);
        scene.Everyone(WorkerStage.Halted).Decide();
        Assert.Equal(["a: Prepare 1", "b: Prepare 1"], scene.Told);
        Assert.Equal(StateOrigin.Seed, scene.State.Plan!.Source.Origin);
        Assert.Equal([new ShardRange(0, 4), new(4, 8)], scene.State.Plan.Members.Select(member => member.Shards));
        scene.Say("a", WorkerStage.Ready, At(0)).Say("b", WorkerStage.Preparing).Decide();
        Assert.Empty(scene.Told);
        scene.Say("b", WorkerStage.Ready, At(0)).Decide();
        Assert.Equal(["a: Go 1", "b: Go 1"], scene.Told);
        Assert.Equal(RunStatus.Running, scene.State.Status(RunIntent.Run));
    }

    [Fact]
    public void Decide_AWorkerLost_TheOthersGoOnFromTheFurthestOfThem()
    {
        var scene = new Scene(Shape, "a", "b", "c").Running(At(5)).Lose("b").Decide();
        Assert.Contains("b was lost", scene.Log, StringComparison.Ordinal);
        Assert.Equal(["a: Halt 1", "c: Halt 1"], scene.Told);
        scene.Say("a", WorkerStage.Halted, At(7, 1)).Say("c", WorkerStage.Halted, At(7, 2)).Decide();
        Assert.Equal((At(7, 2), new StateSource(StateOrigin.Worker, new("c"))), (scene.State.Plan!.Start, scene.State.Plan.Source));
        Assert.Equal(["a", "c"], scene.State.Plan.Members.Select(member => member.Worker.Value));
    }

    [Fact]
    public void Decide_AllLost_TheNewestSnapshotIsTheStart()
    {
        var scene = new Scene(Shape, "a").Running(At(5)).Snapshot(At(10)).Lose("a").Decide();
        Assert.Equal(RunStatus.Queued, scene.State.Status(RunIntent.Run));
        scene.Join("b").Decide().Say("b", WorkerStage.Halted).Decide();
        Assert.Equal((At(10), StateOrigin.Snapshot), (scene.State.Plan!.Start, scene.State.Plan.Source.Origin));
    }

    [Fact]
    public void Decide_APeerStreamBroke_EndsTheGenerationAtOnce() =>
        Assert.Equal(
            ["a: Halt 1", "b: Halt 1"],
            new Scene(Shape, "a", "b").Running().Say("a", WorkerStage.Stepping, At(3), trouble: "the stream to b broke").Decide().Told);

    [Fact]
    public void Decide_AJoin_WaitsForTheGenerationToBeWorthIt()
    {
        var scene = new Scene(Shape, "a").Running().Join("b").Decide(after: 1);
        Assert.Empty(scene.Told);
        Assert.Equal(["a: Halt 1", "b: Halt 1"], scene.Decide(after: 1).Told);
    }

    [Fact]
    public void Decide_TheOnlyHolderDrains_IsReleasedWhenTheOthersHaveItsState()
    {
        var scene = new Scene(Shape, "a").Running(At(5)).Join("b").Take("a").Decide();
        scene.Say("a", WorkerStage.Halted, At(6, 1)).Say("b", WorkerStage.Halted).Decide();
        Assert.Equal(["b: Prepare 2"], scene.Told);
        Assert.Contains(new WorkerId("a"), scene.State.Held);
        scene.Say("b", WorkerStage.Ready, At(6, 1)).Decide();
        Assert.Equal(["a: Release 2", "b: Go 2"], scene.Told);
    }

    [Fact]
    public void Decide_TheLastWorkerDrainsInAnIteration_FinishesItSavesAndGoes()
    {
        var scene = new Scene(Shape, "a").Running(At(5)).Take("a").Decide().Say("a", WorkerStage.Halted, At(6, 1)).Decide();
        Assert.Equal(new Position(7, 0), scene.State.Plan!.Limit);
        scene.Say("a", WorkerStage.Ready, At(6, 1)).Decide().Say("a", WorkerStage.Halted, At(7)).Decide();
        Assert.Equal(["a: Save 2"], scene.Told);
        scene.Snapshot(At(7)).Decide();
        Assert.Equal(["a: Release 2"], scene.Told);
        Assert.Empty(scene.State.Held);
    }

    [Fact]
    public void Decide_Pause_SavesBeforeItReleases()
    {
        var scene = new Scene(Shape, "a", "b").Running(At(5));
        scene.Intent = RunIntent.Pause;
        scene.Decide().Everyone(WorkerStage.Halted, At(6)).Decide();
        Assert.Equal(["a: Save 1"], scene.Told);
        Assert.Equal(RunStatus.Halting, scene.State.Status(RunIntent.Pause));
        // Its disk is full: the other worker tries.
        Assert.Equal(["b: Save 1"], scene.FailToSave().Decide().Told);
        scene.Snapshot(At(6)).Decide();
        Assert.Equal(["a: Release 1", "b: Release 1"], scene.Told);
        Assert.Equal(RunStatus.Paused, scene.State.Status(RunIntent.Pause));
    }

    [Fact]
    public void Decide_AWorkerThatWasLostComesBackFurtherThanAll_IsTheNextStart()
    {
        var scene = new Scene(Shape, "a", "b").Running(At(5)).Lose("b").Decide().Say("a", WorkerStage.Halted, At(5, 1)).Decide();
        scene.Say("a", WorkerStage.Ready, At(5, 1)).Decide();
        scene.Join("b").Say("b", WorkerStage.Stepping, At(5, 2)).Decide().Everyone(WorkerStage.Halted, At(5, 2)).Decide();
        Assert.Equal(At(5, 2), scene.State.Plan!.Start);
    }

    [Fact]
    public void Decide_TheHolderOfTheEndIsLostAtRest_TheEndIsComputedAgain()
    {
        var scene = new Scene(Shape with { MinWorkers = 2 }, "a", "b").Running(At(999)).Lose("b").Decide().Say("a", WorkerStage.Halted, At(999, 1)).Decide();
        Assert.Equal((GenerationStage.Idle, new Position(999, 1)), (scene.State.Stage, scene.State.Reached));
        scene.Lose("a").Decide().Join("c").Join("d").Decide();
        Assert.Equal(["c: Halt 1", "d: Halt 1"], scene.Told);
        Assert.Equal(Position.Start, scene.State.Reached);
    }

    [Fact]
    public void Decide_NoHaltInTime_EvictsWhoDoesNotHalt()
    {
        var scene = new Scene(Shape, "a", "b", "c").Running().Lose("c").Decide().Say("a", WorkerStage.Halted, At(1))
            .Say("b", WorkerStage.Stepping, At(1), waitsFor: 2).Decide(after: 121);
        Assert.Equal(["b"], scene.Evicted);
        Assert.Contains("waiting for rank 2 at iteration 1", scene.Log, StringComparison.Ordinal);
        Assert.Equal(["a: Prepare 2"], scene.Told);
    }

    [Fact]
    public void Decide_ANewcomerInAGathering_GivesTheOthersNoMoreTime()
    {
        var scene = new Scene(Shape, "a", "b", "c").Running().Lose("c").Decide().Say("a", WorkerStage.Halted, At(1)).Join("d").Decide(after: 60);
        Assert.Equal(["b"], scene.Decide(after: 61).Evicted);
        Assert.Equal(["d: Halt 1"], scene.Told);
        Assert.Equal(["d"], scene.Decide(after: 60).Evicted);
        Assert.Equal(["a: Prepare 2"], scene.Told);
    }

    [Fact]
    public void Decide_NothingCommitted_EvictsWhomEverybodyWaitsFor()
    {
        var scene = new Scene(Shape, "a", "b", "c").Running().Say("a", WorkerStage.Stepping, At(3), waitsFor: 2)
            .Say("b", WorkerStage.Stepping, At(3), waitsFor: 0).Say("c", WorkerStage.Stepping, At(3)).Decide(after: 1).Decide(after: 121);
        Assert.Equal(["c"], scene.Evicted);
        Assert.Contains("rank 0 (a) waiting for rank 2 at iteration 3", scene.Log, StringComparison.Ordinal);
    }

    [Fact]
    public void Decide_TwoWaitForEachOther_EvictsNobodyAndBeginsAnew()
    {
        var scene = new Scene(Shape, "a", "b").Running().Say("a", WorkerStage.Stepping, At(3), waitsFor: 1)
            .Say("b", WorkerStage.Stepping, At(3), waitsFor: 0).Decide(after: 1).Decide(after: 121);
        Assert.Empty(scene.Evicted);
        Assert.Equal(["a: Halt 1", "b: Halt 1"], scene.Told);
    }

    [Fact]
    public void Decide_AHashOfTheMinority_IsEvictedAndNamed()
    {
        var scene = new Scene(Shape, "a", "b", "c").Running().Check("a", At(10), "x").Check("b", At(10), "y").Decide();
        Assert.Empty(scene.Evicted);
        scene.Check("c", At(10), "x").Decide();
        Assert.Equal(["b"], scene.Evicted);
        Assert.Contains("the state at iteration 10 differs: a, c have x; b have y", scene.Log, StringComparison.Ordinal);
        Assert.Equal(GenerationStage.Gathering, scene.State.Stage);
    }

    [Fact]
    public void Decide_ATie_AllReloadTheLastSnapshotThatWasAgreedOn()
    {
        var scene = new Scene(Shape, "a", "b").Running().Snapshot(At(8)).Check("a", At(10), "x").Check("b", At(10), "x").Decide()
            .Snapshot(At(15)).Check("a", At(20), "x").Check("b", At(20), "y").Decide();
        Assert.Contains(new DiscardSnapshots(new(8, 0)), scene.Actions);
        Assert.Empty(scene.Evicted);
        // What they hold is of a lineage that counts no more, however far it is.
        scene.Everyone(WorkerStage.Halted, At(20)).Decide();
        Assert.Equal((At(8, lineage: 1), StateOrigin.Snapshot), (scene.State.Plan!.Start, scene.State.Plan.Source.Origin));
        Assert.Equal(scene.State.Snapshots, scene.Snapshot(At(21)).State.Snapshots);
    }

    [Fact]
    public void Decide_ATieInARunThatBeganFromSnapshots_KeepsThem()
    {
        var scene = new Scene(Shape, "a", "b").From(new(500, 0), new(600, 0)).Decide().Everyone(WorkerStage.Halted).Decide();
        scene.Everyone(WorkerStage.Ready, At(600)).Decide().Check("a", At(610), "x").Check("b", At(610), "y").Decide();
        Assert.Contains("all workers return to iteration 600", scene.Log, StringComparison.Ordinal);
        Assert.Empty(scene.Actions.OfType<DiscardSnapshots>());
    }

    [Fact]
    public void Decide_AnEvictedWorker_IsNotTakenAgain()
    {
        var scene = new Scene(Shape, "a", "b", "c").Running().Check("a", At(10), "x").Check("b", At(10), "y").Check("c", At(10), "x").Decide();
        Assert.Equal(["b"], scene.Evicted);
        Assert.Equal(["a: Halt 1", "c: Halt 1"], scene.Told);
        Assert.Equal(["a", "c"], scene.State.Held.Select(worker => worker.Value));
    }

    [Fact]
    public void Decide_AnEvictionMakesAnotherWorkerTheFurthest_GoesOnWithItAtOnce()
    {
        // There is room for two: a, and c in the place of b, which was lost and is back.
        var scene = new Scene(Shape with { MinWorkers = 2, MaxWorkers = 2 }, "a", "b").Running(At(5)).Lose("b").Join("c").Decide();
        scene.Say("c", WorkerStage.Halted).Join("b").Say("b", WorkerStage.Halted, At(5)).Decide(after: 121);
        Assert.Equal(["a"], scene.Evicted);
        Assert.Equal(["c: Prepare 2", "b: Prepare 2"], scene.Told);
        Assert.Equal(new StateSource(StateOrigin.Worker, new("b")), scene.State.Plan!.Source);
    }

    [Fact]
    public void Decide_DiscardedWhileTheIterationIsFinished_ReleasesAtOnce()
    {
        var scene = new Scene(Shape, "a").Running(At(5)).Take("a").Decide().Say("a", WorkerStage.Halted, At(6, 1)).Decide();
        Assert.True(scene.State.Plan!.IsLast);
        scene.Intent = RunIntent.Discard;
        Assert.Equal(["a: Halt 2"], scene.Decide().Told);
        Assert.Equal(["a: Release 2"], scene.Say("a", WorkerStage.Halted, At(6, 1)).Decide().Told);
    }

    [Fact]
    public void Decide_Cancelled_SavesBeforeItReleases()
    {
        var scene = new Scene(Shape, "a").Running(At(5));
        scene.Intent = RunIntent.Cancel;
        scene.Decide().Say("a", WorkerStage.Halted, At(6)).Decide();
        Assert.Equal(GenerationStage.Saving, scene.State.Stage);
        Assert.Equal(["a: Save 1"], scene.Told);
        Assert.Equal(["a: Release 1"], scene.Snapshot(At(6)).Decide().Told);
        Assert.Equal(RunStatus.Cancelled, scene.State.Status(RunIntent.Cancel));
    }

    [Fact]
    public void Decide_OneWorkerCannotGoOn_IsPassedOverAndTheOthersDo()
    {
        var scene = new Scene(Shape, "a", "b").Running();
        for (var round = 0; round < 2; round++)
        {
            scene.Say("a", WorkerStage.Stepping, At(0), trouble: "its data is not there").Decide();
            scene.Everyone(WorkerStage.Halted, At(0)).Decide();
            if (round == 0) scene.Everyone(WorkerStage.Ready, At(0)).Decide();
        }

        Assert.Empty(scene.Evicted);
        Assert.Equal(["b"], scene.State.Plan!.Members.Select(member => member.Worker.Value));
        Assert.Equal(("a", "its data is not there", 2), scene.State.Troubles.Select(trouble => (trouble.Worker.Value, trouble.Text, trouble.Generations)).Single());
    }

    [Theory]
    [InlineData(TroubleCause.Own, true)]
    [InlineData(TroubleCause.Peer, false)]
    [InlineData(TroubleCause.Store, false)]
    public void Decide_NoWorkerCanGoOn_FailsTheRunUnlessItPasses(TroubleCause kind, bool fails)
    {
        var scene = new Scene(Shape, "a", "b").Running();
        for (var round = 0; round < 8 && scene.State.Failure is null; round++)
        {
            scene.Say("a", WorkerStage.Stepping, At(0), trouble: "no such file", kind: kind).Say("b", WorkerStage.Stepping, At(0), trouble: "no such file", kind: kind).Decide();
            // Both are passed over; then both are tried again.
            for (var turn = 0; turn < 4; turn++) scene.Everyone(WorkerStage.Halted, At(0)).Decide(after: 100);
            if (scene.State.Stage == GenerationStage.Preparing) scene.Everyone(WorkerStage.Ready, At(0)).Decide();
        }

        Assert.Empty(scene.Evicted);
        Assert.Equal(fails, scene.State.Failure is not null);
        if (fails) Assert.Contains("no worker can continue: a: no such file; b: no such file", scene.State.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public void Decide_ANewcomerThatReadsItsData_HaltsNobodyUntilItIsWarm()
    {
        var scene = new Scene(Shape, "a").Running(At(5)).Join("b", isWarm: false).Decide(after: 60);
        Assert.Equal(GenerationStage.Running, scene.State.Stage);
        Assert.Equal(["b: Warm 1"], scene.Told);

        Assert.Equal(["a: Halt 1", "b: Halt 1"], scene.Warm("b").Decide().Told);
    }

    [Fact]
    public void Decide_OneReadsForLong_TheOthersWaitAndNobodyIsBlamed()
    {
        var scene = new Scene(Shape, "a", "b").Decide().Everyone(WorkerStage.Halted).Decide();
        scene.Say("a", WorkerStage.Preparing, preparing: new(PreparationStep.MeetingPeers, 0));
        for (var images = 0; images < 20; images++)
            scene.Say("b", WorkerStage.Preparing, preparing: new(PreparationStep.ReadingData, images)).Decide(after: 599);
        Assert.Equal(GenerationStage.Preparing, scene.State.Stage);
        Assert.Empty(scene.Evicted);
    }

    [Fact]
    public void Decide_OneStandsStillWhileItPrepares_ItAloneIsLate()
    {
        var scene = new Scene(Shape, "a", "b").Decide().Everyone(WorkerStage.Halted).Decide();
        scene.Say("a", WorkerStage.Preparing, preparing: new(PreparationStep.MeetingPeers, 0)).Say("b", WorkerStage.Preparing, preparing: new(PreparationStep.ReadingData, 7)).Decide();
        scene.Decide(after: 601);
        Assert.Equal(["b"], scene.Evicted);
    }

    [Fact]
    public void Decide_AllWaitForEachOther_MeetAnewWithoutBlame()
    {
        var scene = new Scene(Shape, "a", "b").Decide().Everyone(WorkerStage.Halted).Decide();
        foreach (var name in (string[])["a", "b"]) scene.Say(name, WorkerStage.Preparing, preparing: new(PreparationStep.MeetingPeers, 0));
        scene.Decide().Decide(after: 601);
        Assert.Empty(scene.Evicted);
        Assert.Equal(GenerationStage.Gathering, scene.State.Stage);
    }

    [Fact]
    public void Decide_TheShardComputedTwiceDiffers_GoesBackBeforeIt()
    {
        var scene = new Scene(Shape, "a", "b", "c").Running().Snapshot(At(8)).Check("a", At(12), "s").Check("b", At(12), "s").Check("c", At(12), "s").Decide()
            .Check("a", At(11, 1), "x", shard: 3).Check("c", At(11, 1), "y", shard: 3).Decide();
        Assert.Contains("the gradient of shard 3 at iteration 11, 1 phase in differs", scene.Log, StringComparison.Ordinal);
        Assert.Equal((1, new Position(8, 0)), (scene.State.Lineage, scene.State.Agreed));
    }

    [Fact]
    public void Decide_RolledBack_AllLoadTheSnapshotAndLaterStatesCountForNothing()
    {
        var scene = new Scene(Shape, "a", "b").Running().Snapshot(At(8)).Snapshot(At(16)).Everyone(WorkerStage.Stepping, At(18)).RollBack(new Position(8, 0)).Decide();
        Assert.Contains("rolling back", scene.Log, StringComparison.Ordinal);
        Assert.Equal(new Position(8, 0), scene.State.Reached);

        scene.Everyone(WorkerStage.Halted, At(19)).Decide();

        Assert.Equal((At(8, lineage: 1), new StateSource(StateOrigin.Snapshot)), (scene.State.Plan!.Start, scene.State.Plan.Source));
        Assert.Equal(["a: Prepare 2", "b: Prepare 2"], scene.Told);
    }

    [Fact]
    public void Decide_DisagreementThatDoesNotEnd_FailsTheRun()
    {
        var scene = new Scene(Shape, "a", "b").Running();
        for (var lineage = 0; lineage < 4; lineage++)
        {
            scene.Check("a", At(20, lineage: lineage), "x").Check("b", At(20, lineage: lineage), "y").Decide();
            scene.Everyone(WorkerStage.Halted).Decide();
            if (scene.State.Failure is null) scene.Everyone(WorkerStage.Ready, scene.State.Plan!.Start).Decide();
        }

        Assert.Equal(RunStatus.Failed, scene.State.Status(RunIntent.Run));
        Assert.Contains("a have x; b have y", scene.State.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public void Decide_ASlowWorker_GetsFewerShardsOncePerTick()
    {
        var scene = new Scene(Shape, "a", "b").Running().Say("a", WorkerStage.Stepping, At(3), secondsPerShard: 1)
            .Say("b", WorkerStage.Stepping, At(3), secondsPerShard: 3).Decide();
        Assert.Contains("rebalancing shards", scene.Log, StringComparison.Ordinal);
        scene.Everyone(WorkerStage.Halted, At(3)).Decide();
        Assert.Equal([6, 2], scene.State.Plan!.Members.Select(member => member.Shards.Count));
        scene.Everyone(WorkerStage.Ready, At(3)).Decide().Say("a", WorkerStage.Stepping, At(4), secondsPerShard: 3)
            .Say("b", WorkerStage.Stepping, At(4), secondsPerShard: 1).Decide();
        Assert.Equal(GenerationStage.Running, scene.State.Stage);
        scene.Say("a", WorkerStage.Stepping, At(10)).Decide();
        Assert.Equal(GenerationStage.Gathering, scene.State.Stage);
    }

    [Fact]
    public void Decide_AGainOfLessThanTenPercent_IsNotWorthIt() =>
        Assert.Equal(
            GenerationStage.Running,
            new Scene(Shape with { Shards = 40 }, "a", "b").Running().Say("a", WorkerStage.Stepping, At(3), secondsPerShard: 1)
                .Say("b", WorkerStage.Stepping, At(3), secondsPerShard: 1.15).Decide().State.Stage);

    [Fact]
    public void State_AsJson_ComesBackWhole()
    {
        var state = new Scene(Shape, "a", "b").Running(At(5, 1)).Check("a", At(10), "x").Snapshot(At(4)).Say("b", WorkerStage.Stepping, At(6), waitsFor: 0).Decide().State;
        var json = JsonSerializer.Serialize(state);
        var back = JsonSerializer.Deserialize<GenerationState>(json)!;
        Assert.Equal(json, JsonSerializer.Serialize(back));
        Assert.Equal(state.Plan!.Members, back.Plan!.Members);
        Assert.Equal(state.Reports, back.Reports);
        Assert.Equal(state.Snapshots, back.Snapshots);
    }
}
