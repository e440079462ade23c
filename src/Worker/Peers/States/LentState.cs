using Atelier.Core.Fleet;
using Atelier.Training.Step;

namespace Atelier.Worker.Peers.States;

/// <summary>A held state that peers may fetch for as long as it stands still.</summary>
/// <param name="run">The run.</param>
/// <param name="version">Which of its states.</param>
/// <param name="state">The state.</param>
internal sealed class LentState(string run, StateVersion version, TrajectoryState state) : IDisposable
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
