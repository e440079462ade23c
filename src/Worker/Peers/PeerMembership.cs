namespace Atelier.Worker.Peers;

/// <summary>One rank's place in a generation.</summary>
/// <param name="Run">The run's name.</param>
/// <param name="Generation">The generation's number; numbers rise within a run.</param>
/// <param name="Rank">This rank.</param>
/// <param name="Addresses">Where each rank is reached, in rank order; that of this rank is not used.</param>
public sealed record PeerMembership(string Run, long Generation, int Rank, IReadOnlyList<PeerAddress> Addresses);
