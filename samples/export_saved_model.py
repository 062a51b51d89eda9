"""Export my_better_softplus as a SavedModel, custom gradient included.

    python -m samples.export_saved_model DIRECTORY
    gradcheck scan DIRECTORY

The scan prints the same two regions and the same two columns, autodiff and custom, as for the function itself. With
--without-custom-gradient the model is saved the other way: the scan then shows autodiff alone, finds its NaN to be an
error, since nothing else is left to run, and notes that the custom gradient was not saved.
"""

import argparse

import tensorflow as tf

from samples.softplus import my_better_softplus


class Softplus(tf.Module):
    """A model of one function."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="z")])
    def __call__(self, z: tf.Tensor) -> tf.Tensor:
        """Run the function on a vector of any length."""
        return my_better_softplus(z)


def export(directory: str, custom_gradient: bool = True) -> None:
    """Save the model with the signature `serving_default`."""
    model = Softplus()
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=custom_gradient)
    tf.saved_model.save(model, directory, signatures={"serving_default": model.__call__}, options=options)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Export my_better_softplus as a SavedModel.")
    parser.add_argument("directory")
    parser.add_argument("--without-custom-gradient", action="store_true")
    arguments = parser.parse_args()
    export(arguments.directory, not arguments.without_custom_gradient)
    print(f"saved to {arguments.directory}; now run: gradcheck scan {arguments.directory}")
