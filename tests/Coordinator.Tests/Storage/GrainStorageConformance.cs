using Atelier.Coordinator.Storage;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Atelier.Coordinator.Tests.Storage;

/// <summary>What the grains' storage promises, on whatever database.</summary>
public abstract class GrainStorageConformance : DatabaseConformance
{
    private static readonly TimeSpan TenSeconds = TimeSpan.FromSeconds(10);
    protected static GrainId Grain { get; } = GrainId.Create("run", "faces");

    [Fact]
    public async Task Read_WithoutARecord_IsANewState()
    {
        var storage = await AcquireAsync(First);

        var state = await ReadAsync(storage);

        Assert.Equal(("", null, false), (state.State!.Text, state.ETag, state.RecordExists));
    }

    [Fact]
    public async Task Read_OfWhatAnotherWrote_IsThat()
    {
        var storage = await AcquireAsync(First);
        var written = new GrainState<Notes>(new Notes { Text = "e\u0301 '; DROP TABLE grain_state; 🎨", Numbers = [1, 2, 3] });

        await storage.WriteStateAsync("notes", Grain, written);

        var read = await ReadAsync(Second.GrainStorage(1));
        Assert.Equal((written.State!.Text, written.ETag, true), (read.State!.Text, read.ETag, read.RecordExists));
        Assert.Equal([1, 2, 3], read.State.Numbers);
    }

    [Fact]
    public async Task Records_OfOtherNamesAndGrains_AreApart()
    {
        var storage = await AcquireAsync(First);
        await storage.WriteStateAsync("notes", Grain, new GrainState<Notes>(new Notes { Text = "one" }));

        await storage.WriteStateAsync("other", Grain, new GrainState<Notes>(new Notes { Text = "two" }));
        await storage.WriteStateAsync("notes", GrainId.Create("run", "cars"), new GrainState<Notes>(new Notes { Text = "three" }));

        Assert.Equal("one", (await ReadAsync(storage)).State!.Text);
    }

    [Fact]
    public async Task Write_OfAnOldVersion_IsRefused()
    {
        var storage = await AcquireAsync(First);
        var mine = await ReadAsync(storage);
        var theirs = await ReadAsync(storage);
        theirs.State!.Text = "theirs";
        await storage.WriteStateAsync("notes", Grain, theirs);

        var fresh = await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("notes", Grain, mine));
        Assert.Equal((theirs.ETag, null), (fresh.StoredEtag, fresh.CurrentEtag));

        var old = await ReadAsync(storage);
        await storage.WriteStateAsync("notes", Grain, theirs);
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("notes", Grain, old));
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.ClearStateAsync("notes", Grain, old));
        Assert.Equal("theirs", (await ReadAsync(storage)).State!.Text);
    }

    [Fact]
    public async Task Write_ByManyAtOnce_SucceedsForOne()
    {
        var storage = await AcquireAsync(First);
        await storage.WriteStateAsync("notes", Grain, new GrainState<Notes>(new Notes()));
        var views = new List<GrainState<Notes>>();
        for (var i = 0; i < 8; i++)
            views.Add(await ReadAsync(storage));

        var outcomes = await Task.WhenAll(views.Select((view, i) => Task.Run(async () =>
        {
            view.State!.Text = $"{i}";
            return await Record.ExceptionAsync(() => storage.WriteStateAsync("notes", Grain, view));
        })));

        Assert.Single(outcomes, error => error is null);
        Assert.All(outcomes.OfType<Exception>(), error => Assert.IsType<InconsistentStateException>(error));
        Assert.Equal($"{Array.IndexOf(outcomes, null)}", (await ReadAsync(storage)).State!.Text);
    }

    [Fact]
    public async Task Clear_OfARecord_DeletesItAndResetsTheState()
    {
        var storage = await AcquireAsync(First);
        var state = new GrainState<Notes>(new Notes { Text = "something" });
        await storage.WriteStateAsync("notes", Grain, state);
        var old = await ReadAsync(storage);

        await storage.ClearStateAsync("notes", Grain, state);

        Assert.Equal(("", null, false), (state.State!.Text, state.ETag, state.RecordExists));
        Assert.False((await ReadAsync(storage)).RecordExists);
        await storage.ClearStateAsync("notes", Grain, state);

        // The record that is made again is another one.
        await storage.WriteStateAsync("notes", Grain, state);
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("notes", Grain, old));
    }

    [Fact]
    public async Task Read_OfADamagedRecord_NamesIt()
    {
        var storage = await AcquireAsync(First);
        await storage.WriteStateAsync("notes", Grain, new GrainState<Notes>(new Notes()));
        await DatabaseClock.RunAsync(First, "UPDATE grain_state SET state = '{\"Text\": 5'");

        var error = await Assert.ThrowsAsync<InvalidDataException>(() => ReadAsync(storage));

        Assert.Contains("notes of run/faces", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Write_WithoutALease_IsRefused()
    {
        var error = await Assert.ThrowsAsync<DeposedException>(
            () => First.GrainStorage(1).WriteStateAsync("notes", Grain, new GrainState<Notes>(new Notes())));

        Assert.Equal((1, 0), (error.Term, error.Current));
    }

    [Fact]
    public async Task Write_OnceAnotherTermBegan_IsRefused()
    {
        var deposed = await AcquireAsync(First);
        var state = new GrainState<Notes>(new Notes { Text = "before" });
        await deposed.WriteStateAsync("notes", Grain, state);
        await AdvanceAsync(10);
        await AcquireAsync(Second);

        state.State!.Text = "after";
        var error = await Assert.ThrowsAsync<DeposedException>(() => deposed.WriteStateAsync("notes", Grain, state));
        await Assert.ThrowsAsync<DeposedException>(() => deposed.ClearStateAsync("notes", Grain, state));

        Assert.Equal((1, 2), (error.Term, error.Current));
        Assert.Equal("before", (await ReadAsync(deposed)).State!.Text);
    }

    [Fact]
    public async Task Writes_WhileAnotherTermBegins_LandBeforeItOrNotAtAll()
    {
        var deposed = await AcquireAsync(First);
        for (var round = 0; round < 5; round++)
        {
            await AdvanceAsync(10);
            var storage = deposed;
            var writes = Enumerable.Range(0, 12).Select(i => Task.Run(async () =>
            {
                var state = new GrainState<Notes>(new Notes { Text = "written" });
                return await Record.ExceptionAsync(() => storage.WriteStateAsync("notes", GrainId.Create($"race{round}", $"{i}"), state));
            })).ToList();

            deposed = await AcquireAsync(Second);
            var seen = await PresentAsync(deposed, round);
            var outcomes = await Task.WhenAll(writes);

            Assert.Equal(seen, outcomes.Select(error => error is null));
            Assert.All(outcomes.OfType<Exception>(), error => Assert.IsType<DeposedException>(error));
        }
    }

    protected static async Task<IGrainStorage> AcquireAsync(CoordinatorDatabase database)
    {
        var term = await database.Lease.TryAcquireAsync("someone", TenSeconds, Cancellation);
        return database.GrainStorage(term!.Value);
    }

    private static async Task<GrainState<Notes>> ReadAsync(IGrainStorage storage)
    {
        var state = new GrainState<Notes>();
        await storage.ReadStateAsync("notes", Grain, state);
        return state;
    }

    private static async Task<List<bool>> PresentAsync(IGrainStorage storage, int round)
    {
        var present = new List<bool>();
        for (var i = 0; i < 12; i++)
        {
            var state = new GrainState<Notes>();
            await storage.ReadStateAsync("notes", GrainId.Create($"race{round}", $"{i}"), state);
            present.Add(state.RecordExists);
        }
        return present;
    }
}
