namespace Atelier.Core.Fleet.Membership;

/// <summary>The admission probe's right answer under one numerics fingerprint.</summary>
/// <param name="Numerics">Digest of the fingerprint.</param>
/// <param name="Digest">Digest of the probe's results. The first worker of a fingerprint sets it, where the configuration does not.</param>
public sealed record ProbeReference(string Numerics, string Digest);
