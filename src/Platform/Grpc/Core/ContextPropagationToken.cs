namespace Grpc.Core;

/// <summary>Named by <see cref="CallOptions"/>' constructor. Atelier hands deadlines on itself, so nothing makes one.</summary>
public abstract class ContextPropagationToken
{
    internal ContextPropagationToken()
    {
    }
}
