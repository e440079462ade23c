using Atelier.Core.Fleet;
using Atelier.Protos;
using Atelier.Training.Step;
using Grpc.Core;
using StateVersion = Atelier.Core.Fleet.StateVersion;

namespace Atelier.Worker.Peers.States;

/// <summary>Sends the states that a worker holds to peers that ask for them.</summary>
internal sealed class StateServer
{
    private StateProvider? _provider;

    /// <summary>Knows the states; null until there are any.</summary>
    public StateProvider? Provider
    {
        get => Volatile.Read(ref _provider);
        set => Volatile.Write(ref _provider, value);
    }

    /// <summary>Answers a request.</summary>
    /// <exception cref="RpcException">NOT_FOUND: it is not held. ABORTED: it was taken back, or changed although it was to stand still.</exception>
    public async Task SendAsync(StateRequest request, IServerStreamWriter<StateChunk> responses, ServerCallContext call)
    {
        var version = (request.Version ?? new()).ToVersion();
        using var lease = Provider is { } provider ? await provider(request.Run, version, call.CancellationToken).ConfigureAwait(false) : null;
        if (lease is null || StateChunks.PositionOf(lease.State) != version.Position)
            throw new RpcException(new Status(StatusCode.NotFound, $"this worker does not hold the state of run {request.Run} at {version}"));
        using var either = CancellationTokenSource.CreateLinkedTokenSource(lease.Withdrawn, call.CancellationToken);
        try
        {
            foreach (var chunk in StateChunks.Of(lease.State, version))
            {
                if (StateChunks.PositionOf(lease.State) != version.Position)
                    throw Aborted($"the state advanced to {StateChunks.PositionOf(lease.State)} during the transfer");
                await responses.WriteAsync(chunk, either.Token).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (lease.Withdrawn.IsCancellationRequested && e is OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled })
        {
            throw Aborted("the sender released the state, or continued training with it, during the transfer");
        }
    }

    private static RpcException Aborted(string why) => new(new Status(StatusCode.Aborted, why));
}

/// <summary>A held state that peers may fetch for as long as it stands still.</summary>
/// <param name="version">Which of its states.</param>
/// <param name="state">The state.</param>
internal sealed class OfferedState(string run, StateVersion version, TrajectoryState state) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _withdrawal = new();
    private readonly ManualResetEventSlim _isBack = new(initialState: true);
    private int _leases;
    private bool _isWithdrawn;

    /// <summary>Whether it is the same as another offer.</summary>
    public bool IsOf(string otherRun, StateVersion otherVersion, TrajectoryState otherState) =>
        run == otherRun && version == otherVersion && ReferenceEquals(state, otherState);

    /// <summary>Lends it to whoever sends it; null if another one is asked for, or it was taken back.</summary>
    public StateLease? Lend(string wantedRun, StateVersion wanted)
    {
        lock (_lock)
        {
            if (_isWithdrawn || run != wantedRun || version != wanted)
                return null;
            _leases++;
            _isBack.Reset();
            return new StateLease(state, Return, _withdrawal.Token);
        }
    }

    /// <summary>
    /// Takes it back: transfers under way are broken off, and when this returns nobody reads the state any more, so that it may
    /// change or be freed.
    /// </summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isWithdrawn)
                return;
            _isWithdrawn = true;
        }
        _withdrawal.Cancel();
        _isBack.Wait();
        lock (_lock)
        {
            _withdrawal.Dispose();
            _isBack.Dispose();
        }
    }

    private void Return()
    {
        lock (_lock)
        {
            if (--_leases == 0)
                _isBack.Set();
        }
    }
}

/// <summary>A state that stands still: whoever gave the lease applies no phase to it until the lease is disposed.</summary>
/// <param name="state">The state.</param>
/// <param name="end">Called once, when it may change again; null if it would stand still anyway, as that of a halted worker.</param>
/// <param name="withdrawn">Ends when whoever gave the lease waits for its end.</param>
public sealed class StateLease(TrajectoryState state, Action? end = null, CancellationToken withdrawn = default) : IDisposable
{
    private Action? _end = end;

    public TrajectoryState State { get; } = state;

    /// <summary>Ends when whoever gave the lease waits for its end: the transfer is then broken off.</summary>
    public CancellationToken Withdrawn { get; } = withdrawn;

    /// <inheritdoc/>
    public void Dispose() => Interlocked.Exchange(ref _end, null)?.Invoke();
}

/// <summary>Knows the states that a worker holds; called by any thread, for several peers at once.</summary>
/// <param name="version">Which of its states.</param>
/// <param name="cancellation">Nobody waits for it any more.</param>
/// <returns>The state, or null if that is not the one held. It may come late: when the loop has halted.</returns>
public delegate ValueTask<StateLease?> StateProvider(string run, StateVersion version, CancellationToken cancellation);
