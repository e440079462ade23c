using System.Net;
using System.Text.Json.Nodes;

namespace Atelier.Kubernetes.Api;

/// <summary>The API server did not do what it was asked.</summary>
public sealed class KubernetesApiException : Exception
{
    public KubernetesApiException()
    {
    }

    public KubernetesApiException(string message) : base(message)
    {
    }

    public KubernetesApiException(string message, Exception innerException) : base(message, innerException)
    {
    }

    /// <param name="status">The answer's status.</param>
    /// <param name="reason">The reason, as one word of the server's.</param>
    /// <param name="message">For people.</param>
    internal KubernetesApiException(HttpStatusCode status, string reason, string message) : base(message) => (Status, Reason) = (status, reason);

    /// <summary>The answer's status; 0 where there was no answer.</summary>
    public HttpStatusCode Status { get; }

    /// <summary>The reason, as one word: NotFound, Conflict, AlreadyExists, Forbidden, …</summary>
    public string Reason { get; } = "";

    /// <summary>There is no such object, or no such kind.</summary>
    public bool IsNotFound => Status == HttpStatusCode.NotFound;

    /// <summary>It was changed, or made, by somebody else meanwhile; or somebody else owns a field.</summary>
    public bool IsConflict => Status == HttpStatusCode.Conflict;

    /// <summary>The version that was asked for is too old: everything must be listed again.</summary>
    public bool IsGone => Status == HttpStatusCode.Gone;

    /// <summary>The account has not the right.</summary>
    public bool IsForbidden => Status == HttpStatusCode.Forbidden;

    /// <summary>Whether the same may succeed later.</summary>
    public bool IsPassing => Status is 0 or HttpStatusCode.TooManyRequests || (int)Status >= 500;

    /// <summary>What an answer that is no success says.</summary>
    /// <param name="status">Its status.</param>
    /// <param name="body">Its body: a Status object, or whatever a proxy says.</param>
    /// <param name="verb">What was asked.</param>
    /// <param name="kind">Of what.</param>
    /// <param name="space">Where.</param>
    internal static KubernetesApiException Of(HttpStatusCode status, string body, string verb, ResourceKind kind, string space)
    {
        var (reason, message) = Read(body);
        var text = status switch
        {
            HttpStatusCode.Forbidden => $"the account is not allowed to {verb} {kind.QualifiedName} in namespace {space}; grant it the verb `{verb}` on `{kind.Plural}` in API group `{kind.Group}` (the server says: {message})",
            HttpStatusCode.Unauthorized => $"the server does not accept the account: its token or certificate is missing or has expired (the server says: {message})",
            HttpStatusCode.NotFound when kind == ResourceKind.TrainingRuns && verb is "list" or "watch" =>
                "the cluster has no TrainingRun resource; install its definition first (kubectl apply -f deploy/k8s/crd/trainingruns.yaml)",
            _ => message.Length > 0 ? message : $"the API server answered {(int)status} when asked to {verb} {kind.QualifiedName}",
        };
        return new(status, reason, text);
    }

    private static (string Reason, string Message) Read(string body)
    {
        try
        {
            return JsonNode.Parse(body) is JsonObject json ? ((string?)json["reason"] ?? "", (string?)json["message"] ?? "") : ("", body);
        }
        catch (Exception error) when (error is System.Text.Json.JsonException or InvalidOperationException)
        {
            return ("", body.Length > 200 ? body[..200] : body);
        }
    }
}
