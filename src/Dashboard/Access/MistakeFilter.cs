using Atelier.Core;
using Atelier.Core.Fleet;
using Atelier.Dashboard.Sources;
using Microsoft.AspNetCore.Http;

namespace Atelier.Dashboard.Access;

/// <summary>Answers a person's mistake, and what cannot be read now, with a status and what to change, instead of a failure.</summary>
/// <param name="answer">Makes the response of a status and a sentence.</param>
internal sealed class MistakeFilter(Func<int, string, ValueTask<IResult>> answer) : IEndpointFilter
{
    /// <inheritdoc/>
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (UserErrorException mistake)
        {
            return await answer(StatusOf(mistake), mistake.Message);
        }
        catch (SourceUnavailableException away)
        {
            return await answer(StatusCodes.Status503ServiceUnavailable, away.Message);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return await answer(StatusCodes.Status503ServiceUnavailable, $"the run's store cannot be read: {error.Message}");
        }
    }

    /// <summary>The status of a mistake.</summary>
    public static int StatusOf(UserErrorException mistake) => mistake switch
    {
        RunNotFoundException or WorkerNotFoundException => StatusCodes.Status404NotFound,
        RunExistsException or RunStateException => StatusCodes.Status409Conflict,
        _ => StatusCodes.Status400BadRequest,
    };
}
