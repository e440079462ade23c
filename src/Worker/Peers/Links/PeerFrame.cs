namespace Atelier.Worker.Peers.Links;

/// <summary>A message of the stream between two ranks: <c>Segment</c> of peer.proto, with its bytes left where they are.</summary>
/// <param name="Field">What the payload is.</param>
/// <param name="Payload">A segment, or the bytes of a <c>Hello</c>; empty for none.</param>
internal sealed record PeerFrame(PeerField Field, ReadOnlyMemory<byte> Payload)
{
    /// <summary>How many segments to the sender alone it is done with.</summary>
    public int ReleasedToOne { get; init; }

    /// <summary>How many segments to all it is done with.</summary>
    public int ReleasedToAll { get; init; }

    /// <summary>Whether the sender leaves.</summary>
    public bool Leaves { get; init; }

    /// <summary>The rank because of which it leaves; null for none.</summary>
    public int? Blames { get; init; }

    /// <summary>What holds the payload of a received message, to be given back to its pool.</summary>
    public byte[]? Rented { get; init; }
}
