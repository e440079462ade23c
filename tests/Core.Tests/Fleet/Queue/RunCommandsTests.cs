using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Queue;

namespace Atelier.Core.Tests.Fleet.Queue;

public class RunCommandsTests
{
    private static readonly RunId R = new("r");

    private static RunQueueState With(RunStatus status, RunIntent intent = RunIntent.Run)
    {
        var queue = RunCommands.Submit(RunQueueState.Empty, R, 0, 1, 4, 8);
        return queue.With(queue.Get(R) with { Status = status, Intent = intent });
    }

    private static (RunStatus, RunIntent) StateOf(RunQueueState queue) => (queue.Get(R).Status, queue.Get(R).Intent);

    [Fact]
    public void Submit_TakenNameOrSenselessWorkers_IsRefused()
    {
        Assert.Throws<RunExistsException>(() => RunCommands.Submit(With(RunStatus.Queued), R, 0, 1, 1, 8));
        Assert.Throws<UserErrorException>(() => RunCommands.Submit(RunQueueState.Empty, R, 0, 0, 1, 8));
        Assert.Throws<UserErrorException>(() => RunCommands.Submit(RunQueueState.Empty, R, 0, 3, 2, 8));
        Assert.Contains("8 shards", Assert.Throws<UserErrorException>(() => RunCommands.Submit(RunQueueState.Empty, R, 0, 1, 9, 8)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(RunStatus.Queued, RunStatus.Paused)]
    [InlineData(RunStatus.Forming, RunStatus.Halting)]
    [InlineData(RunStatus.Running, RunStatus.Halting)]
    [InlineData(RunStatus.Halting, RunStatus.Halting)]
    public void Pause_ARunThatWantsToTrain_Halts(RunStatus from, RunStatus to) =>
        Assert.Equal((to, RunIntent.Pause), StateOf(RunCommands.Pause(With(from), R)));

    [Theory]
    [InlineData(RunStatus.Paused, RunStatus.Queued)]
    [InlineData(RunStatus.Failed, RunStatus.Queued)]
    [InlineData(RunStatus.Finished, RunStatus.Queued)]
    [InlineData(RunStatus.Halting, RunStatus.Forming)]
    public void Resume_ARunThatStopped_GoesOn(RunStatus from, RunStatus to) =>
        Assert.Equal((to, RunIntent.Run), StateOf(RunCommands.Resume(With(from, RunIntent.Pause), R)));

    [Theory]
    [InlineData(RunStatus.Queued, RunStatus.Cancelled)]
    [InlineData(RunStatus.Running, RunStatus.Halting)]
    [InlineData(RunStatus.Halting, RunStatus.Halting)]
    [InlineData(RunStatus.Paused, RunStatus.Cancelled)]
    public void Cancel_ARunThatHasNotEnded_Ends(RunStatus from, RunStatus to) =>
        Assert.Equal((to, RunIntent.Cancel), StateOf(RunCommands.Cancel(With(from), R, discards: false)));

    [Fact]
    public void Commands_AgainstTheTable_AreRefusedWithTheState()
    {
        Assert.Contains("cancelled", Assert.Throws<RunStateException>(() => RunCommands.Resume(With(RunStatus.Cancelled), R)).Message, StringComparison.Ordinal);
        Assert.Throws<RunStateException>(() => RunCommands.Pause(With(RunStatus.Finished), R));
        Assert.Throws<RunStateException>(() => RunCommands.Cancel(With(RunStatus.Finished), R, discards: true));
        Assert.Throws<RunStateException>(() => RunCommands.Resume(With(RunStatus.Halting, RunIntent.Cancel), R));
        Assert.Throws<RunStateException>(() => RunCommands.Pause(With(RunStatus.Halting, RunIntent.Cancel), R));
        Assert.Throws<RunNotFoundException>(() => RunCommands.Pause(With(RunStatus.Queued), new("other")));
    }

    [Theory]
    [InlineData(RunStatus.Finished)]
    [InlineData(RunStatus.Failed)]
    [InlineData(RunStatus.Cancelled)]
    public void Delete_ARunThatHasEnded_LeavesTheQueue(RunStatus status) =>
        Assert.Empty(RunCommands.Delete(With(status), R).Runs);

    [Theory]
    [InlineData(RunStatus.Queued)]
    [InlineData(RunStatus.Running)]
    [InlineData(RunStatus.Halting)]
    [InlineData(RunStatus.Paused)]
    public void Delete_ARunThatHasNotEnded_IsRefusedWithTheStateAndWhatToDo(RunStatus status)
    {
        var refused = Assert.Throws<RunStateException>(() => RunCommands.Delete(With(status), R));

        Assert.Contains(RunLifecycle.NameOf(status), refused.Message, StringComparison.Ordinal);
        Assert.Contains("atelier cancel r", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Become_OutsideTheTable_Throws() =>
        Assert.Throws<InvalidOperationException>(() => With(RunStatus.Cancelled).Get(R).Become(RunStatus.Running));

    [Fact]
    public void Table_EveryState_HasARow() =>
        Assert.All(Enum.GetValues<RunStatus>(), status => Assert.NotNull(RunLifecycle.From(status)));
}
