namespace Atelier.Core.Fleet;

/// <summary>What a worker says of itself when it attaches.</summary>
/// <param name="ProtocolVersion">The protocol that it speaks.</param>
/// <param name="Numerics">Digest of its numerics fingerprint. Workers of one run have equal ones, or their bits would differ.</param>
/// <param name="Device">The device, for people.</param>
/// <param name="MemoryBytes">Memory of the device.</param>
/// <param name="PeerAddress">Where other workers reach it.</param>
/// <param name="Host">The machine; workers of one host may share memory.</param>
/// <param name="IsEvaluator">Whether it computes evaluations only, and no run's steps.</param>
public sealed record WorkerCapabilities(
    int ProtocolVersion, string Numerics, string Device, long MemoryBytes, string PeerAddress, string Host, bool IsEvaluator = false);
