using Atelier.Core.Fleet;

namespace Atelier.Worker.Peers.States;

/// <summary>Knows the states that a worker holds; called by any thread, for several peers at once.</summary>
/// <param name="run">The run.</param>
/// <param name="version">Which of its states.</param>
/// <param name="cancellation">Nobody waits for it any more.</param>
/// <returns>The state, or null if that is not the one held. It may come late: when the loop has halted.</returns>
public delegate ValueTask<StateLease?> StateProvider(string run, StateVersion version, CancellationToken cancellation);
