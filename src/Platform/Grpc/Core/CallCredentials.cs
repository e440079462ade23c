namespace Grpc.Core;

/// <summary>Named by <see cref="CallOptions"/>' constructor. Atelier's tokens travel in metadata, so nothing makes one.</summary>
public abstract class CallCredentials
{
    private protected CallCredentials()
    {
    }
}
