using System.Text.Json;
using Atelier.Coordinator.Storage;
using Orleans.Runtime;

namespace Atelier.Coordinator.Tests.Storage;

/// <summary>What a grain stores whose calls come while it writes.</summary>
public sealed class StoringGrainTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Store_WhileAWriteIsUnderWay_SharesTheNextOne()
    {
        var storage = new SlowStorage();
        var grain = new Ledger(storage);

        Task[] adding = [.. Enumerable.Range(1, 50).Select(grain.AddAsync)];
        storage.Finish();
        await adding[0].WaitAsync(Cancellation);

        Assert.All(adding[1..], task => Assert.False(task.IsCompleted));
        await storage.Begun.WaitAsync(Cancellation);
        storage.Finish();
        await Task.WhenAll(adding).WaitAsync(Cancellation);
        Assert.Equal(2, storage.Written.Count);
        Assert.Equal([1], storage.Written[0]);
        Assert.Equal(Enumerable.Range(1, 50), storage.Written[1]);
    }

    [Fact]
    public async Task Store_AfterAWriteThatFailed_WritesNothing()
    {
        var storage = new SlowStorage();
        var grain = new Ledger(storage);
        Task[] adding = [grain.AddAsync(1), grain.AddAsync(2)];

        storage.Fail();

        foreach (var task in (Task[])[.. adding, grain.AddAsync(3)])
            await Assert.ThrowsAnyAsync<Exception>(() => task.WaitAsync(Cancellation));
        Assert.Empty(storage.Written);
    }

    public sealed class LedgerState : EpochState
    {
        public List<int> Numbers { get; set; } = [];
    }

    private sealed class Ledger(IPersistentState<LedgerState> storage) : StoringGrain<LedgerState>(storage)
    {
        public Task AddAsync(int number)
        {
            State.Numbers.Add(number);
            return StoreAsync();
        }
    }

    /// <summary>Encodes when a write ends, as late as a provider may.</summary>
    private sealed class SlowStorage : IPersistentState<LedgerState>
    {
        private TaskCompletionSource _finished = new();
        private TaskCompletionSource _begun = new();

        public LedgerState State { get; set; } = new();

        public string Etag => "";

        public bool RecordExists => true;

        public List<List<int>> Written { get; } = [];

        /// <summary>Ends when a write is under way.</summary>
        public Task Begun => _begun.Task;

        public void Finish()
        {
            var finished = _finished;
            (_finished, _begun) = (new(), new());
            finished.SetResult();
        }

        public void Fail() => _finished.SetException(new IOException("the disk is full"));

        public async Task WriteStateAsync()
        {
            _begun.TrySetResult();
            await _finished.Task;
            Written.Add(JsonSerializer.Deserialize<LedgerState>(GrainStateJson.Instance.Serialize(State))!.Numbers);
        }

        public Task ReadStateAsync() => Task.CompletedTask;

        public Task ClearStateAsync() => throw new NotSupportedException();
    }
}
