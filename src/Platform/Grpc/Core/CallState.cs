namespace Grpc.Core;

/// <summary>What the four kinds of calls under way have in common.</summary>
internal sealed record CallState(Task<Metadata> ResponseHeaders, Func<Status> GetStatus, Func<Metadata> GetTrailers, Action Dispose);
