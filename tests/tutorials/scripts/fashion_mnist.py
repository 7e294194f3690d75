# %% versions
import tensorflow as tf
from tensorflow import keras
tf.__version__
keras.__version__

# %% imports
from tensorflow import keras
output_layer = keras.layers.Dense(10)

# %% load
fashion_mnist = keras.datasets.fashion_mnist
(X_train_full, y_train_full), (X_test, y_test) = fashion_mnist.load_data()

# %% split
X_valid, X_train = X_train_full[:5000] / 255.0, X_train_full[5000:] / 255.0
y_valid, y_train = y_train_full[:5000], y_train_full[5000:]

# %% class names
class_names = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
"Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]

# %% model
model = keras.models.Sequential()
model.add(keras.layers.Flatten(input_shape=[28, 28]))
model.add(keras.layers.Dense(300, activation="relu"))
model.add(keras.layers.Dense(100, activation="relu"))
model.add(keras.layers.Dense(10, activation="softmax"))

# %% model as a list
model = keras.models.Sequential([
keras.layers.Flatten(input_shape=[28, 28]),
keras.layers.Dense(300, activation="relu"),
keras.layers.Dense(100, activation="relu"),
keras.layers.Dense(10, activation="softmax")
])

# %% compile
model.compile(loss="sparse_categorical_crossentropy",
optimizer="sgd",
metrics=["accuracy"])

# %% summary
model.summary()

# %% layers
print(model.layers)
print(model.layers[1].name)
print(model.get_layer('dense_3').name)

# %% added: hidden1
hidden1 = model.layers[1]

# %% weights
weights, biases = hidden1.get_weights()

# %% fit
history = model.fit(X_train, y_train, epochs=50, validation_data=(X_valid, y_valid))

# %% added: imports for the plot
import matplotlib.pyplot as plt

# %% plot
import pandas as pd
pd.DataFrame(history.history).plot(figsize=(8, 5))
plt.grid(True)
plt.gca().set_ylim(0, 1) # set the vertical range to [0-1]
plt.show()

# %% evaluate
model.evaluate(X_test, y_test)

# %% added: new instances
X_new = X_test[:3]

# %% predict
model.predict(X_new).round(2)
